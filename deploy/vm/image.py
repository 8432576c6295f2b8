"""What a virtual machine boots from: a kernel with its first file system, and a disk. Each is made once and cached."""

import lzma
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy import command, install, packages
from deploy.failure import Failure
from deploy.sandbox import layers
from deploy.sandbox import recipe as distribution
from deploy.vm import archive, recipe
from deploy.vm.archive import Entry

Say = Callable[[str], None]
AGENT = Path(__file__).parent / "agent.py"
_MODULES = "usr/lib/modules"


def kernel(base: Path, say: Say) -> Path:
    """A folder with vmlinuz, initrd, and the modules in root/. `base`: the distribution's layer."""

    def make(folder: Path) -> None:
        say(f"mmdebstrap: {recipe.KERNEL}")
        fetched = folder / "fetched"
        argv = ["mmdebstrap", "--variant=extract", "--quiet", "--skip=check/empty", f"--include={recipe.KERNEL}"]
        command.run([*argv, distribution.SUITE, fetched], doing="fetch a kernel", timeout=600)
        (image,) = fetched.glob("boot/vmlinuz-*")
        version = image.name.removeprefix("vmlinuz-")
        image.rename(folder / "vmlinuz")
        modules = folder / "root" / _MODULES
        modules.mkdir(parents=True)
        (fetched / _MODULES / version).rename(modules / version)
        command.run(["rm", "-rf", fetched], doing="clean up")
        _index(base, modules, version)
        (folder / "initrd").write_bytes(archive.pack(_first_files(base, modules / version)))

    key = distribution.key(distribution.SUITE, recipe.KERNEL, recipe.EARLY_MODULES, recipe.INIT, base.name, 1)
    return layers.cached("kernel", key, make)


def _index(base: Path, modules: Path, version: str) -> None:
    """depmod, with the machine's own program."""
    script = 'mount --bind "$1" "$2/usr/lib/modules" && exec chroot "$2" depmod "$3"'
    (base / _MODULES).mkdir(exist_ok=True)
    words = [str(word) for word in (modules, base, version)]
    command.run(["unshare", "--mount", "sh", "-ec", script, "sh", *words], doing="index the kernel's modules")


def _first_files(base: Path, modules: Path) -> Iterable[Entry]:
    for folder in ("bin", "dev", "proc", "root", "modules"):
        yield Entry(folder, archive.FOLDER)
    busybox = base / "usr/bin/busybox"
    yield Entry("bin/busybox", archive.PROGRAM, busybox.read_bytes())
    yield Entry("init", archive.PROGRAM, recipe.INIT.encode())
    order = _with_needs(recipe.EARLY_MODULES, (modules / "modules.dep").read_text())
    for path in order:
        yield Entry(f"modules/{_stem(path)}.ko", archive.FILE, lzma.decompress((modules / path).read_bytes()))
    yield Entry("modules/order", archive.FILE, "".join(f"{_stem(path)}.ko\n" for path in order).encode())


def _with_needs(names: Iterable[str], index: str) -> list[str]:
    """Paths of the modules and of what they need, in the order in which they can be loaded."""
    needs = dict(line.split(":", 1) for line in index.splitlines())
    order: list[str] = []
    for name in names:
        path = next((path for path in needs if _stem(path) == name), None)
        if path is not None:  # else it is built in
            order += [one for one in (*reversed(needs[path].split()), path) if one not in order]
    return order


def _stem(path: str) -> str:
    return Path(path).name.partition(".ko")[0]


def disk(booted: Path, found: Iterable[Path], say: Say) -> Path:
    """The disk with the whole root file system. `booted`: what kernel() made; `found`: layers, uppermost first."""
    lower = list(found)
    files = {**recipe.FILES, "/usr/local/lib/vm-agent.py": AGENT.read_text()}
    key = distribution.key([layer.name for layer in lower], booted.name, files, recipe.LINKS, recipe.DISK, 1)

    def make(folder: Path) -> None:
        say("mke2fs")
        own, merged = folder / "own", folder / "merged"
        merged.mkdir()
        install.write_files(own, files)
        for where, to in recipe.LINKS.items():
            install.link(own, where, to)
        stack = ":".join(map(str, (own, *lower[:-1], booted / "root", lower[-1])))
        script = 'mount -t overlay overlay -o "ro,lowerdir=$1" "$2" && exec mke2fs -q -t ext4 -d "$2" "$3" "$4"'
        words = [str(word) for word in (stack, merged, folder / "root.img", recipe.DISK)]
        command.run(["unshare", "--mount", "sh", "-ec", script, "sh", *words], doing="make the virtual machine's disk")
        command.run(["rm", "-rf", own, merged], doing="clean up")

    return layers.cached("disk", key, make) / "root.img"


def prepare(step: Callable[[str], Say]) -> tuple[Path, Path]:
    """(folder of the kernel, disk); makes what is missing. Raises Failure."""
    packages.ensure(packages.FOR_VM, step("programs"))
    found = layers.all_of(step)
    without_tools = [found[0], found[1], found[3]]
    booted = kernel(found[3], step("kernel"))
    made = disk(booted, without_tools, step("disk"))
    if not made.exists():
        raise Failure(f"{made} is gone: run the command again")
    return booted, made


def tools(say: Say) -> Path:
    """kubectl, to be run on the host."""
    return layers.tools(say) / "usr/local/bin/kubectl"
