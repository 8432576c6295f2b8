"""What units run of libexec: mounts made before each start of a container, and at boot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from operators.pod import files
from operators.pod.volumes import boot, mounting
from operators.pod.volumes.parts import Mount, Volume

LIBEXEC = Path(files.__file__).parent / "libexec"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="mounts need root and a namespace of their own"
)


class Scene:
    """A volume, what is outside of it, and where pins go; every script runs in a mount namespace of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "volume"
        self.pins = tmp_path / "pins"
        self.list = tmp_path / "list"
        self.root.mkdir()
        self.root.chmod(0o777)
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside/secret").write_text("secret")
        (self.root / "folder/inner").mkdir(parents=True)
        (self.root / "folder/file").write_text("text")

    def run(self, *mounts: Mount, then: str = "true") -> tuple[int, str, str]:
        """Exit code, output of `then` (run where the mounts are), the last line of errors."""
        self.list.write_text(boot.mounts(mounts))
        script = f"{LIBEXEC}/mounts.sh {self.list} {self.pins} app || exit 9\ncd {self.pins}; {then}"
        return run(script)

    def mount(self, sub_path: str, **fields: object) -> Mount:
        volume = Volume("data", "directory", str(self.root))
        return Mount(volume, "/x", bool(fields.get("recursive")), sub_path=sub_path, **fields)  # type: ignore[arg-type]


def run(script: str) -> tuple[int, str, str]:
    command = ["unshare", "--mount", "--propagation=slave", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


@pytest.mark.parametrize(
    ("sub_path", "then", "expected"),
    [
        ("folder", "cat 0/file", "text"),
        ("folder/file", "cat 0", "text"),
        ("folder/./inner", "touch 0/new; ls ../volume/folder/inner", "new"),
        ("made/deep", "stat -c %a 0 ../volume/made | tr '\\n' ' '", "777 777"),
        ("a b\n$(id)", "touch 0/new; ls ../volume/a*", "new"),
        ("-n", "touch 0/new; ls ../volume/-n", "new"),
    ],
)
def test_sub_paths(scene, sub_path, then, expected):
    assert scene.run(scene.mount(sub_path), then=then) == (0, expected, "")


PREPARE = 'Error: failed to prepare subPath for volumeMount "data" of container "app"'
CREATE = 'Error: failed to create subPath directory for volumeMount "data" of container "app"'


@pytest.mark.parametrize(
    ("link", "target", "sub_path", "expected"),
    [
        ("evil", "../outside", "evil", PREPARE),
        ("evil", "../outside", "evil/secret", PREPARE),
        ("evil", "../outside/secret", "evil", PREPARE),
        ("evil", "/", "evil/etc", PREPARE),
        ("folder/evil", "../../outside", "folder/evil/new", PREPARE),
        ("evil", "nowhere", "evil", PREPARE),
        ("evil", "..", "evil/volume/folder", PREPARE),
    ],
)
def test_links_that_lead_out(scene, tmp_path, link, target, sub_path, expected):
    (scene.root / link).symlink_to(target)
    assert scene.run(scene.mount(sub_path)) == (9, "", expected)
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret"]


def test_a_file_is_no_folder(scene):
    assert scene.run(scene.mount("folder/file/x")) == (9, "", PREPARE)


def test_links_within_the_volume(scene):
    (scene.root / "there").symlink_to("folder")
    (scene.root / "it").symlink_to("folder/../folder/file")
    assert scene.run(scene.mount("there/file"), then="cat 0") == (0, "text", "")
    assert scene.run(scene.mount("it"), then="cat 0") == (0, "text", "")


def test_each_start_looks_again(scene):
    again = (
        f"mv ../volume/folder ../volume/old; mkdir ../volume/folder; {LIBEXEC}/mounts.sh {scene.list} $PWD app; ls 0"
    )
    assert scene.run(scene.mount("folder"), then=again) == (0, "", "")
    turned = f"rm -r ../volume/folder; echo new > ../volume/folder; {LIBEXEC}/mounts.sh {scene.list} $PWD app; cat 0"
    assert scene.run(scene.mount("folder"), then=turned) == (0, "new", "")


def test_what_a_container_does_later_changes_nothing(scene):
    then = "rm -r ../volume/folder/inner; ln -s ../../outside ../volume/folder/inner; ls 0"
    assert scene.run(scene.mount("folder/inner"), then=then)[:2] == (0, "")


def test_read_only_with_all_that_is_below(scene):
    shown = scene.mount("", recursive="Enabled")
    inner = "mount -t tmpfs tmpfs folder/inner; mkdir -p 'folder/a b'; mount -t tmpfs tmpfs 'folder/a b'"
    script = f"cd {scene.root}; {inner}; {LIBEXEC}/mounts.sh {scene.list} {scene.pins} app; cd {scene.pins}/0"
    scene.list.write_text(boot.mounts([shown]))
    for folder in ("folder", "folder/inner", "'folder/a b'"):
        code, _, error = run(f"{script}; touch {folder}/x")
        assert code != 0
        assert "Read-only file system" in error
    assert run(f"{script}; touch {scene.root}/folder/inner/x") == (0, "", "")


def test_unmounting_leaves_what_a_bind_came_from(scene, tmp_path):
    """The kernel would take a shared tree's mounts away on both sides."""
    script = f"""
        mount --bind {scene.root} {scene.root}; mount --make-shared {scene.root}
        mount -t tmpfs tmpfs {scene.root}/folder/inner
        {LIBEXEC}/mounts.sh {scene.list} {scene.pins} app || exit 9
        grep -c {scene.pins} /proc/self/mountinfo
        {shutil.which("python3")} -c '
import sys; sys.path.insert(0, "{Path(__file__).parents[5]}")
from pathlib import Path
from operators.pod.volumes import mounting
mounting.unmount_below(Path("{scene.pins}"))
' || exit 8
        grep -c {scene.pins} /proc/self/mountinfo
        grep -c {scene.root}/folder/inner /proc/self/mountinfo"""
    scene.list.write_text(boot.mounts([scene.mount("folder")]))
    assert run(script)[1].split() == ["2", "0", "1"]
    assert mounting.below(tmp_path) == []


def test_what_a_reboot_takes(tmp_path):
    planned = [
        Volume("m", "tmpfs", f"{tmp_path}/m m", options="nosuid,nodev,mode=2777,gid=7,size=1048576"),
        Volume("d", "host", f"{tmp_path}/d/e", host_type="DirectoryOrCreate"),
        Volume("f", "host", f"{tmp_path}/d/f", host_type="FileOrCreate"),
    ]
    (tmp_path / "list").write_text(boot.volumes(planned))
    script = f'cd {tmp_path}; {LIBEXEC}/volumes.sh list && {LIBEXEC}/volumes.sh list; stat -c "%F %a %g" "m m" d/e d/f'
    code, output, _ = run(f'{script}; grep -c "{tmp_path}/m" /proc/mounts')
    assert (code, output.splitlines()) == (0, ["directory 2777 7", "directory 755 0", "regular empty file 644 0", "1"])
