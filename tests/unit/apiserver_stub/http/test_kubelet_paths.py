"""Which address and which path of a kubelet endpoint a request becomes."""

import pytest
from multidict import MultiDict

from apiserver_stub.http import kubelet
from apiserver_stub.meta import status

POD = {
    "metadata": {"namespace": "n", "name": "p"},
    "spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]},
}


def test_endpoint_prefers_the_internal_address() -> None:
    addresses = [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "10.0.0.1"}]
    node = {"status": {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}
    assert kubelet.endpoint(node) == kubelet.Endpoint("10.0.0.1", 1)
    assert kubelet.endpoint({"status": {"addresses": addresses[:1]}}) == kubelet.Endpoint("h", 10250)
    with pytest.raises(status.StatusError):
        kubelet.endpoint({})


def test_container_must_be_told_where_there_are_several() -> None:
    assert kubelet.container(POD, "i") == "i"
    for asked, message in (
        ("", "a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]"),
        ("x", "container x is not valid for pod p"),
    ):
        with pytest.raises(status.StatusError) as caught:
            kubelet.container(POD, asked)
        assert caught.value.message == message


def test_commands_can_not_break_out_of_the_query() -> None:
    query = MultiDict([("command", "a&tty=1"), ("command", "x y\r\nHost: evil"), ("stdout", "true"), ("tty", "false")])
    path = kubelet.exec_path(POD, "a", query, "exec")
    assert path == "/exec/n/p/a?output=1&command=a%26tty%3D1&command=x+y%0D%0AHost%3A+evil"
