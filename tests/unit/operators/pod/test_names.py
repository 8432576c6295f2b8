"""Names of a Pod's things on the node."""

import pytest

from operators.pod import names


def test_names():
    assert names.unit("shop", "web-0.a", "c") == "ukube-shop_web-0.a_c.service"
    assert names.unit("shop", "web-0") == "ukube-shop_web-0.service"
    assert names.container("shop", "web-0", "c") == "shop_web-0_c"
    assert len(names.veth("11111111-2222-3333-4444-555555555555")) <= 15


def test_long_names_stay_different_and_short():
    a, b = names.unit("n" * 63, "p" * 253, "c"), names.unit("n" * 63, "p" * 253, "d")
    assert a != b
    assert len(a) < 220


@pytest.mark.parametrize(
    ("qos", "name", "cgroup"),
    [
        ("Guaranteed", "kubepods-poda_b.slice", "kubepods.slice/kubepods-poda_b.slice/u.service"),
        (
            "Burstable",
            "kubepods-burstable-poda_b.slice",
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda_b.slice/u.service",
        ),
    ],
)
def test_slices(qos, name, cgroup):
    assert names.slice_("a-b", qos) == name
    assert names.cgroup(name, "u.service") == cgroup


@pytest.mark.parametrize(
    ("namespace", "pod", "uid", "containers", "expected"),
    [
        ("shop", "web-0.x", "a-1", ["c"], True),
        ("../x", "web", "a-1", ["c"], False),
        ("shop", "web/../..", "a-1", ["c"], False),
        ("shop", "web\nX=y", "a-1", ["c"], False),
        ("shop", "web", "../..", ["c"], False),
        ("shop", "web", "", ["c"], False),
        ("shop", "web", "a-1", ["c", "c"], False),
        ("shop", "web", "a-1", ["C d"], False),
    ],
)
def test_is_safe(namespace, pod, uid, containers, expected):
    assert names.is_safe(namespace, pod, uid, containers) is expected
