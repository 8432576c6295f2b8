from operators.deployment import history, sets

from .build import deployment, replica_set


def surplus(limit: int | None, *old: sets.Any) -> list[str]:
    d = deployment(image="img:9")
    if limit is None:
        del d["spec"]["revisionHistoryLimit"]
    else:
        d["spec"]["revisionHistoryLimit"] = limit
    return [sets.name(rs) for rs in history.surplus(d, sets.observe(d, old))]


def olds(count: int) -> list[sets.Any]:
    return [replica_set(f"r{n:02d}", 0, f"img:o{n}", revision=n, age=n % 7) for n in range(1, count + 1)]


def test_the_lowest_revisions_go() -> None:
    assert surplus(2, *olds(4)) == ["web-r01", "web-r02"]
    assert surplus(0, *olds(2)) == ["web-r01", "web-r02"]
    assert surplus(4, *olds(4)) == []
    assert len(surplus(None, *olds(12))) == 2  # the API's default is ten
    assert surplus(2**31 - 1, *olds(20)) == []


def test_none_with_pods_goes() -> None:
    busy = replica_set("a", 1, "img:a", revision=1)
    emptying = replica_set("b", 0, "img:b", running=1, revision=2)
    unseen = replica_set("c", 0, "img:c", revision=3)
    unseen["metadata"]["generation"] = 2
    going = replica_set("d", 0, "img:d", revision=4)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert surplus(0, busy, emptying, unseen, going, replica_set("e", 0, "img:e", revision=5)) == ["web-e"]
