"""/configz: this node's settings as a KubeletConfiguration; only what is true here. See kubelet.config.k8s.io."""

from __future__ import annotations

from typing import Any

from operators.pod.logs import limits
from operators.pod.security import settings as confinement
from operators.pod.shutdown import settings


def of_node(port: int, static_pods: str, controllers: bool) -> dict[str, Any]:
    """controllers: whether the machine's cgroups can limit anything."""
    shutdown, security = settings.read(), confinement.read()
    return {
        "staticPodPath": static_pods,
        "syncFrequency": "1m0s",
        "fileCheckFrequency": "0s",
        "httpCheckFrequency": "20s",
        "address": "0.0.0.0",  # noqa: S104 - says what is
        "port": port,
        "authentication": {
            "x509": {"clientCAFile": "/var/lib/ukube/apiserver/pki/ca.crt"},
            "webhook": {"enabled": True, "cacheTTL": "2m0s"},
            "anonymous": {"enabled": False},
        },
        "authorization": {
            "mode": "Webhook",
            "webhook": {"cacheAuthorizedTTL": "5m0s", "cacheUnauthorizedTTL": "30s"},
        },
        "clusterDomain": "cluster.local",
        "streamingConnectionIdleTimeout": "0s",
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "5m0s",
        "nodeLeaseDurationSeconds": 40,
        "cgroupDriver": "systemd",
        "cgroupRoot": "/",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": ["pods"] if controllers else [],
        "cpuManagerPolicy": "none",
        "memoryManagerPolicy": "None",
        "topologyManagerPolicy": "none",
        "maxPods": 250,
        "podPidsLimit": -1,
        "resolvConf": "/etc/resolv.conf",
        "cpuCFSQuota": True,
        "cpuCFSQuotaPeriod": "100ms",
        "nodeStatusMaxImages": 50,
        "evictionHard": {
            "imagefs.available": "15%",
            "memory.available": "100Mi",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
        },
        "evictionPressureTransitionPeriod": "5m0s",
        "enableControllerAttachDetach": True,
        "makeIPTablesUtilChains": False,
        "failSwapOn": False,
        "memorySwap": {},
        "containerLogMaxSize": f"{limits.MAX_SIZE >> 20}Mi",
        "containerLogMaxFiles": limits.MAX_FILES,
        "containerLogMaxWorkers": 1,
        "containerLogMonitorInterval": "10s",
        "shutdownGracePeriod": f"{shutdown.period:g}s",
        "shutdownGracePeriodCriticalPods": f"{shutdown.critical:g}s",
        "enableProfilingHandler": False,
        "enableDebugFlagsHandler": False,
        "enableDebuggingHandlers": True,
        "enableSystemLogHandler": True,
        "enableSystemLogQuery": True,
        "seccompDefault": security.is_seccomp_default,
        "allowedUnsafeSysctls": list(security.unsafe_sysctls),
        "registerNode": True,
        "localStorageCapacityIsolation": True,
        "containerRuntimeEndpoint": "unix:///run/podman/podman.sock",
    }
