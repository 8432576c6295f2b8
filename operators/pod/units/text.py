"""Unit files as text (pure)."""

from collections.abc import Iterable


def render(*sections: tuple[str, Iterable[tuple[str, str]]]) -> str:
    """`sections`: (name, [(key, value)]). Values are escaped already."""
    blocks = ["\n".join([f"[{name}]", *(f"{key}={value}" for key, value in lines)]) for name, lines in sections]
    return "\n\n".join(blocks) + "\n"
