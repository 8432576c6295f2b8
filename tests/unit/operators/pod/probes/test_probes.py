"""Probes: what their outcomes mean, and that the prober really asks."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from operators.pod.probes import rules
from operators.pod.probes.prober import Prober
from operators.pod.probes.rules import Progress, Run


def pod(**container):
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}], **container}]},
    }


def one(kind="readiness", run=None, **definition):
    definition = {"tcpSocket": {"port": 1}} | definition
    runs = {"c": run or Run("1", datetime.now(UTC))}
    (found,) = rules.declared(pod(**{f"{kind}Probe": definition}), runs, "127.0.0.1")
    return found


def walk(probe, outcomes):
    progress = rules.initial(probe)
    verdicts = []
    for outcome in outcomes:
        progress = rules.advance(probe, progress, outcome == "+")
        verdicts.append(progress.verdict)
    return verdicts


@pytest.mark.parametrize(
    ("probe", "outcomes", "expected"),
    [
        (one(), "-+", [False, True]),
        (one(successThreshold=2), "++-+", [False, True, True, True]),
        (one(), "+--+---", [True, True, True, True, True, True, False]),
        (one("liveness"), "---", [True, True, False]),
        (one("liveness", failureThreshold=1), "-", [False]),
        (one("startup", failureThreshold=2), "-+", [None, True]),
        (one("startup", failureThreshold=2), "--", [None, False]),
    ],
)
def test_thresholds(probe, outcomes, expected):
    assert walk(probe, outcomes) == expected


def test_a_run_known_to_be_ready_stays_ready():
    assert rules.initial(one(run=Run("1", datetime.now(UTC), ready=True))) == Progress(True)
    assert rules.initial(one()) == Progress(False)


@pytest.mark.parametrize(("port", "expected"), [("web", 8080), (80, 80), ("81", 81), ("none", 0)])
def test_ports(port, expected):
    assert one(httpGet={"port": port}, tcpSocket=None).port == expected


@pytest.mark.parametrize(
    ("action", "url"),
    [
        ({"port": 80}, "http://127.0.0.1:80/"),
        ({"port": 80, "path": "a?b=c", "scheme": "HTTPS"}, "https://127.0.0.1:80/a?b=c"),
        ({"port": 80, "host": "::1", "path": "/x"}, "http://[::1]:80/x"),
    ],
)
def test_urls(action, url):
    definition = {"httpGet": action}
    (probe,) = rules.declared(pod(livenessProbe=definition), {"c": Run("1", datetime.now(UTC))}, "127.0.0.1")
    assert rules.http_url(probe) == url


def test_only_running_containers_are_probed():
    assert rules.declared(pod(livenessProbe={"exec": {"command": ["x"]}}), {}, "127.0.0.1") == []


class Outcomes:
    def __init__(self):
        self.seen = []
        self.event = asyncio.Event()

    def __call__(self, probe, passed, output, changed):
        self.seen.append((probe.kind, passed, output, changed))
        self.event.set()

    async def next(self):
        async with asyncio.timeout(10):
            await self.event.wait()
        self.event.clear()
        return self.seen[-1]


async def never(uid, container, argv, seconds):
    await asyncio.sleep(seconds)
    raise TimeoutError


@pytest.fixture
def outcomes():
    return Outcomes()


async def server(status):
    async def handle(request):
        return web.Response(status=status, text=request.headers["User-Agent"])

    app = web.Application()
    app.router.add_get("/health", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


@pytest.mark.parametrize(
    ("status", "passed", "output"),
    [
        (200, True, "HTTP probe succeeded with statuscode: 200"),
        (302, True, "HTTP probe succeeded with statuscode: 302"),
        (404, False, "HTTP probe failed with statuscode: 404"),
    ],
)
async def test_http(status, passed, output, outcomes):
    runner, port = await server(status)
    prober = Prober(never, outcomes)
    try:
        prober.sync("u", [one(httpGet={"port": port, "path": "/health"}, tcpSocket=None)])
        assert await outcomes.next() == ("readiness", passed, output, passed)
        assert prober.verdict("u", "c", "readiness") is passed
    finally:
        await prober.close()
        await runner.cleanup()


async def test_refused_connections_fail_in_kubelets_words(outcomes):
    runner, port = await server(200)
    await runner.cleanup()
    prober = Prober(never, outcomes)
    tcp = one("liveness", tcpSocket={"port": port}, failureThreshold=1)
    prober.sync("u", [tcp])
    try:
        assert await outcomes.next() == (
            "liveness",
            False,
            f"dial tcp 127.0.0.1:{port}: connect: connection refused",
            True,
        )
    finally:
        await prober.close()


async def test_startup_holds_the_others_back_and_a_new_run_starts_over(outcomes):
    codes = iter([1, 0, 0, 0])
    calls = []

    async def run(uid, container, argv, seconds):
        calls.append(argv[0])
        return next(codes, 0), ""

    def wanted(run_id):
        body = pod(
            startupProbe={"exec": {"command": ["startup"]}, "periodSeconds": 0.01},
            readinessProbe={"exec": {"command": ["ready"]}, "periodSeconds": 0.01},
        )
        return rules.declared(body, {"c": Run(run_id, datetime.now(UTC))}, "127.0.0.1")

    prober = Prober(run, outcomes)
    prober.sync("u", wanted("1"))
    try:
        for _ in range(3):
            await outcomes.next()
        assert calls[:3] == ["startup", "startup", "ready"]
        assert prober.verdict("u", "c", "startup") is True
        prober.sync("u", wanted("2"))
        assert prober.verdict("u", "c", "startup") is None
        assert prober.verdict("u", "c", "readiness") is False
        prober.stop("u")
        assert prober.verdict("u", "c", "startup") is None
    finally:
        await prober.close()


async def test_exec_timeout(outcomes):
    prober = Prober(never, outcomes)
    prober.sync("u", [one(exec={"command": ["sleep", "9"]}, tcpSocket=None, timeoutSeconds=0.05)])
    try:
        _, passed, output, _ = await outcomes.next()
        assert not passed
        assert output == "command timed out: 'sleep 9' timed out after 0.05s"
    finally:
        await prober.close()
