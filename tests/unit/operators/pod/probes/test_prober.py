"""The prober: what follows what, and what is forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from operators.pod.probes import metrics, rules
from operators.pod.probes.rules import Outcome, Run

FAILED = Outcome("failure", "no")


def wanted(run_id, *kinds, started=None, **definition):
    body = {"periodSeconds": 0.05, **definition}
    container = {"name": "c", **{f"{kind}Probe": {"exec": {"command": [kind]}, **body} for kind in kinds}}
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [container]}}
    return rules.declared(pod, {"c": Run(run_id, started or datetime.now(UTC))}, "127.0.0.1")


async def until(check):
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def test_startup_holds_the_others_back_and_a_new_run_starts_over(asked):
    asked.codes = iter([FAILED])
    prober = asked.prober
    prober.sync("u", wanted("1", "readiness", "liveness", "startup"))
    await until(lambda: ["liveness"] in asked.commands)
    assert asked.commands[:3] == [["startup"], ["startup"], ["readiness"]]
    assert asked.commands.count(["startup"]) == 2
    assert [prober.verdict("u", "c", kind) for kind in rules.KINDS] == [True, True, True]
    prober.sync("u", wanted("2", "readiness", "liveness", "startup"))
    assert [prober.verdict("u", "c", kind) for kind in rules.KINDS] == [None, True, False]
    prober.sync("u", [])
    assert prober.verdict("u", "c", "startup") is None


async def test_a_failed_startup_probe_is_not_asked_again_before_the_next_run(asked):
    asked.codes = iter([FAILED, FAILED])
    asked.prober.sync("u", wanted("1", "startup", "readiness", failureThreshold=2))
    await until(lambda: asked.events and asked.events[-1] == ("startup", FAILED, True))
    await asyncio.sleep(0.15)
    assert asked.commands == [["startup"]] * 2


async def test_an_error_decides_nothing(asked):
    error = Outcome("unknown", "cannot", error=True)
    asked.codes = iter([error, error])
    asked.prober.sync("u", wanted("1", "liveness", failureThreshold=1))
    await until(lambda: len(asked.commands) == 3)
    assert asked.events == [("liveness", error, False)] * 2
    assert asked.prober.verdict("u", "c", "liveness") is True


async def test_while_the_pod_ends_only_readiness_is_asked(asked):
    asked.prober.sync("u", wanted("1", "readiness", "liveness"))
    asked.prober.terminate("u")
    await until(lambda: len(asked.commands) == 3)
    assert asked.commands == [["readiness"]] * 3
    asked.prober.sync("u", wanted("2", "readiness", "liveness"))
    await until(lambda: len(asked.commands) == 6)
    assert asked.commands == [["readiness"]] * 6


async def test_containers_that_were_there_before_are_asked_within_a_period(asked):
    old = datetime.now(UTC) - timedelta(hours=1)
    asked.prober.sync("u", wanted("1", "readiness", started=old, periodSeconds=60))
    await asyncio.sleep(0.01)
    assert asked.commands == []


async def test_the_initial_delay(asked):
    asked.prober.sync("u", wanted("1", "readiness", initialDelaySeconds=0.2))
    before = asyncio.get_running_loop().time()
    await until(lambda: asked.commands)
    assert asyncio.get_running_loop().time() - before >= 0.15


async def test_nothing_is_left_of_a_pod_that_is_gone(asked):
    asked.prober.sync("u", wanted("1", "readiness"))
    await until(lambda: asked.commands)
    asked.prober.forget("u")
    assert not asked.prober.knows("u")
    assert asked.prober.counts == {}
    seen = len(asked.commands)
    await asyncio.sleep(0.15)
    assert len(asked.commands) == seen


async def test_what_prometheus_reads(asked):
    asked.codes = iter([FAILED, Outcome("unknown", "x", error=True)])
    asked.prober.sync("u", wanted("1", "readiness", failureThreshold=1))
    await until(lambda: len(asked.commands) == 4)
    await until(lambda: sum(sum(counts.results) for counts in asked.prober.counts.values()) == 4)
    families = {f.name: f for f in text_string_to_metric_families(metrics.render(asked.prober).decode())}
    where = {"probe_type": "Readiness", "container": "c", "pod": "p", "namespace": "n"}
    total = {s.labels["result"]: s.value for s in families["prober_probe"].samples}
    assert total == {"failed": 1, "unknown": 1, "successful": 2}
    assert families["prober_probe"].samples[0].labels == {**where, "pod_uid": "u", "result": "successful"}
    counts = [s for s in families["prober_probe_duration_seconds"].samples if s.name.endswith("_count")]
    assert [(s.labels, s.value) for s in counts] == [(where, 3)]
