"""What the node's owner decides about Pods' security, from the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """As kubelet's seccompDefault and allowedUnsafeSysctls; for the latter's patterns see sysctls.objection()."""

    is_seccomp_default: bool = True
    unsafe_sysctls: tuple[str, ...] = ()


def read() -> Settings:
    return Settings(
        is_seccomp_default=os.environ.get("UKUBE_SECCOMP_DEFAULT") != "Unconfined",
        unsafe_sysctls=tuple((os.environ.get("UKUBE_ALLOWED_UNSAFE_SYSCTLS") or "").replace(",", " ").split()),
    )
