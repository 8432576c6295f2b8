"""Words of podman that are the same for all containers."""

from operators.pod.paths import Paths
from operators.pod.units import holder, invocation, namespaces, security
from operators.pod.units.parts import Bind, Container, Image, Isolation, Machine

POD = {
    "metadata": {"namespace": "n", "name": "p", "uid": "u"},
    "spec": {"shareProcessNamespace": True, "containers": [{"name": "c", "image": "i"}]},
}
RESOLVED = Container(POD["spec"]["containers"][0], "container", Image("abc", "ref"))


def test_what_a_vendor_mounts_everywhere_stays_outside():
    machine = Machine(Paths(), has_default_mounts=True)
    assert list(security.options(Machine(Paths()))) == []
    assert invocation.words(POD, RESOLVED, machine)[:3] == ["/usr/bin/podman", "--default-mounts-file=/dev/null", "run"]
    assert '"--default-mounts-file=/dev/null" "run"' in str(holder.service(POD, [], [], Isolation(), machine))


def test_health_checks_of_images_are_not_run():
    assert "--no-healthcheck" in invocation.words(POD, RESOLVED, Machine(Paths()))


def test_containers_without_a_profile():
    def profile(**settings):
        words = invocation.words(POD, RESOLVED, Machine(Paths(), **settings))
        return [word for word in words if word.startswith("--security-opt=seccomp")]

    assert profile() == []
    assert profile(is_seccomp_default=False) == ["--security-opt=seccomp=unconfined"]


def test_shared_memory_gives_way_to_a_volume():
    assert len(list(namespaces.shared_memory(POD, (), Machine(Paths())))) == 1
    assert list(namespaces.shared_memory(POD, (Bind("/v", "/dev/shm/"),), Machine(Paths()))) == []
    host = {**POD, "spec": {**POD["spec"], "hostIPC": True}}
    assert list(namespaces.shared_memory(host, (), Machine(Paths()))) == []
