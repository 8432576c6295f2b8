"""Where a Pod's files lie on the node."""

from dataclasses import dataclass
from pathlib import Path

from operators.pod import names


@dataclass(frozen=True, slots=True)
class Paths:
    """Roots of everything this operator writes; tests point them elsewhere."""

    units: Path = Path("/etc/systemd/system")
    state: Path = Path("/var/lib/ukube")
    run: Path = Path("/run/ukube")
    logs: Path = Path("/var/log/pods")
    netns: Path = Path("/run/netns")
    cgroups: Path = Path("/sys/fs/cgroup")

    @property
    def libexec(self) -> Path:
        return self.state / "libexec"

    @property
    def ruleset(self) -> Path:
        """The nftables rules, for booting without this operator."""
        return self.state / "network.nft"

    @property
    def service_rules(self) -> Path:
        """The same for Services, written by whoever serves them."""
        return self.state / "services.nft"

    def pod_state(self, uid: str) -> Path:
        """The Pod's folder that survives a reboot."""
        return self.state / "pods" / uid

    def pod_run(self, uid: str) -> Path:
        """The Pod's folder in memory: secrets, environment, what runs now."""
        return self.run / "pods" / uid

    def log_dir(self, namespace: str, pod: str, uid: str, container: str) -> Path:
        """One `<INVOCATION_ID>.log` per run, in CRI format."""
        return self.logs / names.log_dir(namespace, pod, uid) / container

    @property
    def boot(self) -> Path:
        """The folder of links to what is started at boot; see libexec/boot.sh."""
        return self.state / "boot"
