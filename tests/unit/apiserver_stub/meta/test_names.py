"""Generated names."""

import re

from apiserver_stub.meta import names


def test_suffix_is_five_harmless_characters() -> None:
    assert re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", names.generate("web-"))


def test_long_prefix_is_cut_to_a_dns_label() -> None:
    assert len(names.generate("l" * 70)) == 63


def test_names_differ() -> None:
    assert len({names.generate("a-") for _ in range(50)}) > 45
