"""A cluster as its tests see it: the official Kubernetes client, with plain objects in and out."""

import json
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kubernetes import client, config

Object = dict[str, Any]
T = TypeVar("T")
PATIENCE_SECONDS = 20.0
MERGE, STRATEGIC, JSON_PATCH, APPLY = (
    f"application/{kind}"
    for kind in ("merge-patch+json", "strategic-merge-patch+json", "json-patch+json", "apply-patch+yaml")
)


class Refused(Exception):
    """An answer of 400 or more; `status` is the metav1.Status."""

    def __init__(self, code: int, body: bytes) -> None:
        super().__init__(f"{code}: {body.decode(errors='replace')[:2000]}")
        self.code = code
        try:
            self.status: Object = json.loads(body)
        except ValueError:
            self.status = {}

    @property
    def reason(self) -> str:
        return str(self.status.get("reason", ""))


def eventually(look: Callable[[], T], what: str = "", seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` returns as soon as it is true. Raises AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"after {seconds:g} s still not: {what or look}"
        time.sleep(0.03)
    return found


class Cluster:
    def __init__(self, kubeconfig: Path, headers: dict[str, str] | None = None) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize = 16
        self.kubeconfig = kubeconfig
        self.api = client.ApiClient(settings)
        self.url = settings.host
        self.headers = headers or {}

    def close(self) -> None:
        self.api.rest_client.pool_manager.clear()

    def called(self, **headers: str) -> "Cluster":
        """The same cluster, asked with more headers."""
        return Cluster(self.kubeconfig, self.headers | headers)

    def answer(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        """The response as urllib3 gives it. Raises Refused."""
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", "Content-Type": "application/json"} | self.headers | (headers or {})
        words = urllib.parse.urlencode(query)
        stream = query.get("watch") == "true"
        found = self.api.rest_client.pool_manager.request(
            method, f"{self.url}{path}?{words}", body=raw, headers=sent, preload_content=not stream, timeout=30
        )
        if found.status >= 400:
            raise Refused(found.status, found.data)
        return found

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Object:
        found = self.answer(method, path, body, headers, **query)
        answer = json.loads(found.data)
        assert isinstance(answer, dict)
        return answer

    def get(self, path: str, **query: Any) -> Object:
        return self.ask("GET", path, **query)

    def create(self, path: str, body: Object, **query: Any) -> Object:
        return self.ask("POST", path, body, **query)

    def replace(self, path: str, body: Object, **query: Any) -> Object:
        return self.ask("PUT", path, body, **query)

    def patch(self, path: str, body: Any, kind: str = MERGE, **query: Any) -> Object:
        return self.ask("PATCH", path, body, {"Content-Type": kind}, **query)

    def delete(self, path: str, body: Object | None = None, **query: Any) -> Object:
        return self.ask("DELETE", path, body, **query)

    def change(self, path: str, edit: Callable[[Object], None], subresource: str = "") -> Object:
        """Read, edit, replace; again when somebody else was faster."""
        for _ in range(20):
            found = self.get(path + subresource)
            edit(found)
            try:
                return self.replace(path + subresource, found)
            except Refused as refused:
                if refused.reason != "Conflict":
                    raise
        raise AssertionError(f"{path} changes all the time")

    def exists(self, path: str) -> bool:
        try:
            self.get(path)
        except Refused as refused:
            if refused.code != 404:
                raise
            return False
        return True

    def gone(self, path: str) -> None:
        eventually(lambda: not self.exists(path), f"{path} is gone")

    def names(self, path: str, **query: Any) -> list[str]:
        return [item["metadata"]["name"] for item in self.get(path, **query)["items"]]

    @contextmanager
    def watch(self, path: str, **query: Any) -> Iterator["Watch"]:
        query = {"watch": "true", "timeoutSeconds": "15"} | query
        answer = self.answer("GET", path, **query)
        try:
            yield Watch(answer)
        finally:
            answer.close()

    def space(self, name: str) -> "Space":
        self.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": {"test": name}}})
        space = Space(self, name)
        eventually(lambda: self.exists(space.path("serviceaccounts", "default")), "the default ServiceAccount")
        return space


class Watch:
    def __init__(self, answer: Any) -> None:
        self._lines = iter(answer)
        self._rest = b""

    def next(self) -> Object:
        while b"\n" not in self._rest:
            self._rest += next(self._lines)
        line, self._rest = self._rest.split(b"\n", 1)
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def until(self, kind: str, name: str = "") -> Object:
        """The object of the next event of that type (and name)."""
        while True:
            event = self.next()
            if event["type"] == kind and (not name or event["object"]["metadata"]["name"] == name):
                found = event["object"]
                assert isinstance(found, dict)
                return found

    def some(self, count: int) -> list[tuple[str, str]]:
        """(type, name) of the next events."""
        events = [self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


class Space:
    """One namespace. Kinds are paths such as "pods" or "apps/v1/deployments"."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def path(self, kind: str, name: str = "", subresource: str = "") -> str:
        version, _, plural = kind.rpartition("/")
        root = f"/apis/{version}" if version else "/api/v1"
        return "/".join(word for word in (f"{root}/namespaces/{self.name}/{plural}", name, subresource) if word)

    def create(self, kind: str, body: Object, **query: Any) -> Object:
        return self.cluster.create(self.path(kind), body, **query)

    def get(self, kind: str, name: str, **query: Any) -> Object:
        return self.cluster.get(self.path(kind, name), **query)

    def items(self, kind: str, **query: Any) -> list[Object]:
        found = self.cluster.get(self.path(kind), **query)["items"]
        assert isinstance(found, list)
        return found

    def names(self, kind: str, **query: Any) -> list[str]:
        return self.cluster.names(self.path(kind), **query)

    def patch(self, kind: str, name: str, body: Any, how: str = MERGE, subresource: str = "", **query: Any) -> Object:
        return self.cluster.patch(self.path(kind, name, subresource), body, how, **query)

    def change(self, kind: str, name: str, edit: Callable[[Object], None], subresource: str = "") -> Object:
        return self.cluster.change(self.path(kind, name, subresource), edit)

    def delete(self, kind: str, name: str = "", body: Object | None = None, **query: Any) -> Object:
        """One object, or without a name the collection."""
        return self.cluster.delete(self.path(kind, name), body, **query)


class Kubectl:
    def __init__(self, program: Path, kubeconfig: Path, namespace: str) -> None:
        self.argv: list[str | Path] = [program, "--namespace", namespace]
        self.environment = {
            "KUBECONFIG": str(kubeconfig),
            "HOME": str(kubeconfig.parent),
            "PATH": f"{program.parent}:/usr/bin:/bin",
        }

    def __call__(self, *words: str | Path, stdin: Any = None, code: int = 0) -> str:
        """What it prints, both streams. `stdin` that is not text is sent as JSON."""
        text = stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin)
        done = subprocess.run(
            [*self.argv, *words],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def running(self, *words: str | Path) -> Iterator["subprocess.Popen[str]"]:
        """While it goes on."""
        argv = [*self.argv, *words]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=self.environment) as process:
            try:
                yield process
            finally:
                process.terminate()
