"""A Kubernetes API server that is none of ours, in one file: what a kubelet needs of one, with other ones' habits.

It speaks plain HTTP, numbers its revisions beyond 64 bits' signed half, sends no bookmarks, ends each watch after a few
seconds, has fields of versions to come, and knows nothing but the standard paths. What it is asked is written down, one
JSON object a line. argv: PORT SEED LOG; SEED: a JSON list of objects that are there at first.
"""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

FIRST_REVISION = 9_223_372_036_854_775_900
WATCH_SECONDS = 4.0
CORE = ["configmaps", "endpoints", "events", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes",
        "pods", "secrets", "serviceaccounts", "services"]  # fmt: skip
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
GROUPS = {"v1": CORE, "coordination.k8s.io/v1": ["leases"], "events.k8s.io/v1": ["events"],
          "node.k8s.io/v1": ["runtimeclasses"]}  # fmt: skip
CLUSTER = {"namespaces", "nodes", "persistentvolumes", "runtimeclasses"}
Path_ = tuple[str, str, str]  # resource, namespace, name
Json = dict[str, Any]


class Server:
    def __init__(self, log: Path) -> None:
        self.objects: dict[Path_, Json] = {}
        self.history: list[tuple[int, str, Path_, Json]] = []
        self.revision = FIRST_REVISION
        self.news = asyncio.Event()
        self.log = log

    def put(self, path: Path_, obj: Json, event: str) -> Json:
        self.revision += 3  # others write too
        obj["metadata"]["resourceVersion"] = str(self.revision)
        self.history.append((self.revision, event, path, json.loads(json.dumps(obj))))
        if event == "DELETED":
            self.objects.pop(path)
        else:
            self.objects[path] = obj
        self.news.set()
        self.news = asyncio.Event()
        return obj

    def create(self, resource: str, namespace: str, obj: Json) -> Json:
        meta = obj.setdefault("metadata", {})
        meta.setdefault("uid", str(uuid.uuid4()))
        meta.setdefault("creationTimestamp", now())
        meta.setdefault("name", meta.get("generateName", "") + uuid.uuid4().hex[:5])
        meta["managedFields"] = [{"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {}}}]
        if namespace:
            meta["namespace"] = namespace
        return self.put((resource, namespace, meta["name"]), obj, "ADDED")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read() or b"null")
        line = {"method": request.method, "path": request.path, "query": dict(request.query), "body": body,
                "accept": request.headers.get("Accept", ""), "type": request.content_type,
                "user": request.headers.get("Authorization", "")}  # fmt: skip
        with self.log.open("a") as out:
            out.write(json.dumps(line) + "\n")
        if (found := discovery(request.path)) is not None:
            return web.json_response(found)
        parts = request.path.strip("/").split("/")
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        version = "/".join(parts[1 : len(parts) - len(rest)])
        namespace = ""
        if rest and rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        if not rest or rest[0] not in GROUPS.get(version, ()):
            return web.Response(status=404, text="404 page not found\n")
        path = (rest[0], namespace, rest[1] if len(rest) > 1 else "")
        return await self.serve(request, path, rest[2] if len(rest) > 2 else "", body)

    async def serve(self, request: web.Request, path: Path_, sub: str, body: Any) -> web.StreamResponse:
        resource, namespace, name = path
        if request.method == "GET" and not name:
            watch = request.query.get("watch") in ("true", "1")
            return await self.watch(request, resource, namespace) if watch else self.list(request, resource, namespace)
        if request.method == "POST" and not name:
            return web.json_response(self.create(resource, namespace, body), status=201)
        if (resource, sub) == ("serviceaccounts", "token"):
            until = stamp(datetime.now(UTC) + timedelta(seconds=3607))
            return web.json_response({**body, "status": {"token": "a.b.c", "expirationTimestamp": until}}, status=201)
        old = self.objects.get(path)
        if old is None:
            return refusal(404, "NotFound", f'{resource} "{name}" not found')
        if request.method == "PATCH":
            uid = (body.get("metadata") or {}).get("uid")
            if uid not in (None, old["metadata"]["uid"]):
                return refusal(409, "Conflict", "the UID in the precondition does not match")
            return web.json_response(self.put(path, merged(old, body), "MODIFIED"))
        if request.method == "DELETE":
            return self.delete(path, old, body or {})
        return web.json_response(old)

    def delete(self, path: Path_, old: Json, options: Json) -> web.Response:
        grace = options.get("gracePeriodSeconds", (old.get("spec") or {}).get("terminationGracePeriodSeconds", 30))
        if path[0] != "pods" or not grace:
            return web.json_response(self.put(path, old, "DELETED"))
        end = datetime.now(UTC) + timedelta(seconds=grace)
        times = {"deletionTimestamp": stamp(end), "deletionGracePeriodSeconds": grace}
        return web.json_response(self.put(path, {**old, "metadata": {**old["metadata"], **times}}, "MODIFIED"))

    def list(self, request: web.Request, resource: str, namespace: str) -> web.Response:
        """Whole where no limit is asked for; else in pieces."""
        items = [obj for path, obj in sorted(self.objects.items())
                 if chosen(path, obj, resource, namespace, request.query.get("fieldSelector", ""))]  # fmt: skip
        first, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or len(items) or 1)
        meta: Json = {"resourceVersion": str(self.revision)}
        if first + limit < len(items):
            meta["continue"] = str(first + limit)
        kind = {"endpoints": "Endpoints"}.get(resource, resource[:-1].capitalize())
        return web.json_response({"kind": f"{kind}List", "apiVersion": "v1", "metadata": meta,
                                  "items": items[first : first + limit]})  # fmt: skip

    async def watch(self, request: web.Request, resource: str, namespace: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = int(request.query.get("resourceVersion") or 0)
        end = asyncio.get_running_loop().time() + WATCH_SECONDS
        while (left := end - asyncio.get_running_loop().time()) > 0:
            news = self.news
            for revision, event, path, obj in list(self.history):
                if revision > since and chosen(path, obj, resource, namespace, request.query.get("fieldSelector", "")):
                    line = json.dumps({"type": event, "object": obj}).encode() + b"\n"
                    await response.write(line[:37])  # a line need not come in one piece
                    await response.write(line[37:])
                since = max(since, revision)
            try:
                await asyncio.wait_for(news.wait(), left)
            except TimeoutError:
                break
        return response


def chosen(path: Path_, obj: Json, resource: str, namespace: str, fields: str) -> bool:
    if path[0] != resource or namespace not in ("", path[1]):
        return False
    for term in filter(None, fields.split(",")):
        name, _, wanted = term.partition("=")
        value: Any = obj
        for part in name.split("."):
            value = (value or {}).get(part)
        if (value or "") != wanted:
            return False
    return True


def merged(old: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def discovery(path: str) -> Json | None:
    if path == "/version":
        return {"major": "1", "minor": "36+", "gitVersion": "v1.36.2-other.7"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        names = [version.split("/") for version in GROUPS if "/" in version]
        entries = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in names]
        pairs = zip(names, entries, strict=True)
        groups = [{"name": name, "versions": [entry], "preferredVersion": entry} for (name, _), entry in pairs]
        return {"kind": "APIGroupList", "groups": groups}
    for version, resources in GROUPS.items():
        if path == ("/apis/" if "/" in version else "/api/") + version:
            rows = [{"name": name, "singularName": "", "kind": name[:-1].capitalize(), "verbs": VERBS,
                     "namespaced": name not in CLUSTER} for name in resources]  # fmt: skip
            return {"kind": "APIResourceList", "groupVersion": version, "resources": rows}
    return None


def refusal(code: int, reason: str, message: str) -> web.Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return web.json_response({**status, "message": message}, status=code)


def now() -> str:
    return stamp(datetime.now(UTC))


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    port, seed, log = sys.argv[1:]
    server = Server(Path(log))
    plural = {"Endpoints": "endpoints"}
    for obj in json.loads(Path(seed).read_text()):
        resource = plural.get(obj["kind"], obj["kind"].lower() + "s")
        server.create(resource, obj["metadata"].get("namespace", ""), obj)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    web.run_app(app, host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main()
