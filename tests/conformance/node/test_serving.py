"""Pods of controllers that answer."""

from tests.conformance.node.running import Running, container, pod


def test_every_replica_answers(running: Running) -> None:
    script = "mkdir /w; hostname > /w/index.html; trap 'exit 0' TERM; httpd -f -p 9376 -h /w & wait $!"
    main = container(script, readinessProbe={"httpGet": {"port": 9376}, "periodSeconds": 1})
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod("unused", main, restartPolicy="Always")["spec"]}
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": 2, "selector": selector, "template": template}
    running.space.create("apps/v1/replicasets", {"metadata": {"name": "web"}, "spec": spec})
    running.wait(lambda: len(running.space.names("pods")) == 2, "there are two Pods")
    names = running.space.names("pods")
    running.ready(*names)
    for name in names:
        path = running.space.path("pods", f"{name}:9376", "proxy/")
        assert running.cluster.answer("GET", path).data == f"{name}\n".encode()
