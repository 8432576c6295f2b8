"""The command line of the emulator (pure)."""

from dataclasses import dataclass
from pathlib import Path

from deploy.vm.agent import PORT

PROGRAM = "qemu-system-x86_64"
API_PORT = 6443
# Emulated, even where there is /dev/kvm: one that is itself in a virtual machine may open and still not work.
# cx16=off: with it, the emulated processor of QEMU 7.2 faults twice in the first seconds of a newer kernel.
_PROCESSOR = ("-accel", "tcg,thread=multi", "-cpu", "max,cx16=off")
_KERNEL = (
    "console=ttyS0 panic=-1 quiet systemd.show_status=0 mitigations=off audit=0 net.ifnames=0 "
    "systemd.unified_cgroup_hierarchy=1"
)


@dataclass(frozen=True, slots=True)
class Size:
    """memory: MiB. huge_pages: number of 2 MiB pages set aside at boot."""

    cpus: int = 2
    memory: int = 1536
    huge_pages: int = 8


def argv(kernel: Path, disk: Path, folder: Path, port: int, size: Size) -> list[str]:
    """`folder`: gets the console's log and the agent's socket; `port`: of 127.0.0.1, leads to the machine's API.

    The disk is only read; what is written goes to a temporary file. The network leads nowhere but to that port.
    """
    append = _KERNEL + (f" hugepagesz=2M hugepages={size.huge_pages}" if size.huge_pages else "")
    return [
        PROGRAM, "-M", "q35", *_PROCESSOR, "-smp", str(size.cpus), "-m", str(size.memory),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(kernel / "vmlinuz"), "-initrd", str(kernel / "initrd"), "-append", append,
        "-drive", f"file={disk},format=raw,if=none,id=d0,cache=unsafe,snapshot=on",
        "-device", "virtio-blk-pci,drive=d0",
        "-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:{API_PORT}",
        "-device", "virtio-net-pci,netdev=n0,romfile=",
        "-chardev", f"socket,id=c0,path={folder}/agent,server=on,wait=off",
        "-device", "virtio-serial-pci", "-device", f"virtserialport,chardev=c0,name={PORT}",
        "-serial", f"file:{folder}/console.log",
    ]  # fmt: skip
