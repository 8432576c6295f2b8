"""Which Pods the node refuses, and in what words."""

from operators.pod.admission.admit import admit
from operators.pod.admission.rejection import Scene

POD = {"metadata": {}, "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 80, "hostPort": 8080}]}]}}


def test_host_ports_belong_to_one_pod():
    assert admit(POD, Scene(taken_ports={("tcp", 9090), ("udp", 8080)})) is None
    refused = admit(POD, Scene(taken_ports={("tcp", 8080)}))
    assert refused is not None
    assert refused.reason == "NodePorts"


def test_names_that_could_leave_their_folder():
    refused = admit(POD, Scene(names_are_safe=False))
    assert refused is not None
    assert refused.reason == "InvalidName"
