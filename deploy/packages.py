"""Installs what the distribution must provide: apt on Debian and its kin, zypper on openSUSE. Asks nothing."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy import host
from deploy.command import tail
from deploy.failure import Failure

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
APT_LISTS = Path("/var/lib/apt/lists")


@dataclass(frozen=True, slots=True)
class Program:
    """A program and the distribution packages that bring it."""

    name: str
    apt: str
    zypper: str

    def is_present(self) -> bool:
        return shutil.which(self.name, path=f"{os.environ.get('PATH', '')}:{SEARCH}") is not None


MMDEBSTRAP = Program("mmdebstrap", "mmdebstrap", "mmdebstrap")
UNSHARE = Program("unshare", "util-linux", "util-linux")
NSENTER = Program("nsenter", "util-linux", "util-linux")
PODMAN = Program("podman", "podman", "podman")
CRUN = Program("crun", "crun", "crun")
NFT = Program("nft", "nftables", "nftables")
IP = Program("ip", "iproute2", "iproute2")
QEMU = Program("qemu-system-x86_64", "qemu-system-x86", "qemu-x86")
MKE2FS = Program("mke2fs", "e2fsprogs", "e2fsprogs")

FOR_SANDBOX = (MMDEBSTRAP, UNSHARE, NSENTER)
FOR_VM = (MMDEBSTRAP, QEMU, MKE2FS)
FOR_NODE = (PODMAN, CRUN, NFT, IP)


def ensure(programs: Iterable[Program], say: Callable[[str], None], *, recommends: bool = False) -> list[str]:
    """Installs the packages of the programs that are missing; returns their names.

    `say` is told what is done. Raises Failure if that cannot be done here.
    """
    missing = [program for program in programs if not program.is_present()]
    if not missing:
        return []
    names = ", ".join(program.name for program in missing)
    host.require_root(f"installing {names}")
    if shutil.which("apt-get"):
        wanted = sorted({program.apt for program in missing})
        _apt(wanted, say, recommends)
    elif shutil.which("zypper"):
        wanted = sorted({program.zypper for program in missing})
        _zypper(wanted, say, recommends)
    else:
        raise Failure(f"{names} missing, and this machine has neither apt-get nor zypper: install what brings them")
    absent = [program.name for program in missing if not program.is_present()]
    if absent:
        raise Failure(f"installed {' '.join(wanted)}, but {', '.join(absent)} still cannot be found in PATH")
    return wanted


def _apt(wanted: list[str], say: Callable[[str], None], recommends: bool) -> None:
    # Package lists are refreshed only if there are none, or if what they say no longer holds.
    if not any(APT_LISTS.glob("*_Packages*")):
        _apt_update(say)
    install = ["apt-get", "install", "-y", "-q", *([] if recommends else ["--no-install-recommends"]), *wanted]
    say(f"apt-get install {' '.join(wanted)}")
    if _quiet(install).returncode != 0:
        _apt_update(say)
        done = _quiet(install)
        if done.returncode != 0:
            raise Failure(f"apt-get could not install {' '.join(wanted)}", tail(done.stdout))


def _apt_update(say: Callable[[str], None]) -> None:
    say("apt-get update")
    done = _quiet(["apt-get", "update", "-q"])
    if done.returncode != 0:
        raise Failure("apt-get update failed: is this machine online?", tail(done.stdout))


def _zypper(wanted: list[str], say: Callable[[str], None], recommends: bool) -> None:
    say(f"zypper install {' '.join(wanted)}")
    extra = [] if recommends else ["--no-recommends"]
    done = _quiet(["zypper", "--non-interactive", "--gpg-auto-import-keys", "install", *extra, *wanted])
    if done.returncode != 0:
        raise Failure(f"zypper could not install {' '.join(wanted)}", tail(done.stdout))


def _quiet(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    )
