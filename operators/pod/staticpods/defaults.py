"""What the API server would fill into a Pod that comes from a file (pure). See the API reference of Pod."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_MODES = ("configMap", "secret", "downwardAPI", "projected")
#: Static Pods stay where they are, whatever taints say.
TOLERATION = {"operator": "Exists", "effect": "NoExecute"}


def fill(spec: Object) -> Object:
    """A new spec; what is there stays."""
    result = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
        **spec,
    }
    for kind in ("initContainers", "containers"):
        if kind in result:
            host = bool(spec.get("hostNetwork"))
            result[kind] = [_container(container, host_network=host) for container in result[kind]]
    if "volumes" in result:
        result["volumes"] = [_volume(volume) for volume in result["volumes"]]
    tolerations = list(result.get("tolerations") or ())
    result["tolerations"] = tolerations if TOLERATION in tolerations else [*tolerations, TOLERATION]
    return result


def _container(container: Object, *, host_network: bool) -> Object:
    image = str(container.get("image") or "")
    _, _, tag = image.rpartition("/")[2].partition("@")[0].partition(":")
    is_moving = "@" not in image and tag in ("", "latest")
    result = {
        "imagePullPolicy": "Always" if is_moving else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
        **container,
    }
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if result.get(probe):
            result[probe] = _probe(result[probe])
    if result.get("ports"):
        ports = [{"protocol": "TCP", **port} for port in result["ports"]]
        result["ports"] = [_on_host(port) for port in ports] if host_network else ports
    result["resources"] = _requests(result.get("resources") or {})
    return result


def _on_host(port: Object) -> Object:
    return {"hostPort": port["containerPort"], **port} if "containerPort" in port else port


def _requests(resources: Object) -> Object:
    """A limit without a request is the request too."""
    limits = resources.get("limits")
    if not limits:
        return resources
    return {**resources, "requests": {**limits, **(resources.get("requests") or {})}}


def _probe(probe: Object) -> Object:
    result = {**_PROBE, **probe}
    if result.get("httpGet"):
        result["httpGet"] = {"path": "/", "scheme": "HTTP", **result["httpGet"]}
    if result.get("grpc"):
        result["grpc"] = {"service": "", **result["grpc"]}
    return result


def _volume(volume: Object) -> Object:
    result = dict(volume)
    for kind in _MODES:
        if isinstance(result.get(kind), dict):
            result[kind] = {"defaultMode": 0o644, **result[kind]}
    if isinstance(result.get("hostPath"), dict):
        result["hostPath"] = {"type": "", **result["hostPath"]}
    if set(result) == {"name"}:
        result["emptyDir"] = {}
    return result
