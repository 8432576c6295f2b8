"""User text inside unit files (pure): nothing in it may end a line, begin a directive or be expanded."""

_NAMED = {"\\": "\\\\", '"': '\\"', "%": "%%", "$": "$$", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def argument(text: str) -> str:
    """One word of an Exec line, quoted. Raises ValueError for NUL, which no argument can hold.

    See systemd.service(5), "Command lines", and systemd.syntax(7), "Quoting".
    """
    return f'"{"".join(map(_argument_char, text))}"'


def command(words: list[str]) -> str:
    """A whole Exec line of literal words."""
    return " ".join(argument(word) for word in words)


def value(text: str) -> str:
    """A single-line value such as Description=."""
    return "".join(char if char.isprintable() else " " for char in text).replace("%", "%%").rstrip("\\ ")


def comma_field(text: str) -> str:
    """One field of podman's comma separated options (it reads them as CSV)."""
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\n\r') else text


def _argument_char(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code == 0:
        raise ValueError("a NUL character cannot be part of a command")
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, see os.fsdecode
        return f"\\x{code - 0xDC00:02x}"
    return char
