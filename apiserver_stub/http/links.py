"""Links in answers that come through a proxy path: led back through it, as upstream's transport leads them."""

from __future__ import annotations

import html
import posixpath
import re
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

# HTML's attributes that hold URLs, by element.
_ATTRIBUTES: Final = {
    "a": "href",
    "applet": "codebase",
    "area": "href",
    "audio": "src",
    "base": "href",
    "blockquote": "cite",
    "body": "background",
    "button": "formaction",
    "command": "icon",
    "del": "cite",
    "embed": "src",
    "form": "action",
    "frame": "longdesc src",
    "head": "profile",
    "html": "manifest",
    "iframe": "longdesc src",
    "img": "longdesc src usemap",
    "input": "src usemap formaction",
    "ins": "cite",
    "link": "href",
    "object": "classid codebase data usemap",
    "q": "cite",
    "script": "src",
    "source": "src",
    "video": "poster src",
}
# Elements whose content is text, whatever it looks like.
_RAW: Final = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"}
)
# Possessive: a page of any shape is read in one go, however its quotes stand.
_MARKUP: Final = re.compile(r"<(?:(?P<comment>!--)|(?P<name>[a-zA-Z][^\s/>]*+))")
_REST: Final = re.compile(r"""(?:[^>"']|"[^"]*+"|'[^']*+')*+""")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s"'/])([^\s"'>/=]++)(\s*+=\s*+)(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.DOTALL
)
# zlib's numbers of the formats.
_WBITS: Final = {"gzip": 31, "deflate": -15}
# Longer pages keep their links as they are, in bytes, also of what is in a compressed one.
PAGE_LIMIT: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rewriting:
    """prefix: the path of the proxy; source: authority of the server behind it; host: authority that clients ask."""

    prefix: str
    source: str
    host: str

    def url(self, text: str) -> str:
        """Raises ValueError for what is no URL."""
        found = urlsplit(text)
        if (found.netloc and found.netloc not in (self.source, self.host)) or not found.path.startswith("/"):
            return text
        scheme, netloc, path = found.scheme, found.netloc, found.path
        if netloc != self.host:
            scheme = netloc = ""
        elif not netloc:
            scheme = ""
        if not path.startswith(self.prefix):
            path = posixpath.normpath(f"{self.prefix}/{path}") + ("/" if path.endswith("/") else "")
        return urlunsplit((scheme, netloc, path, found.query, found.fragment))

    def page(self, content: bytes, encoding: str) -> bytes:
        """An HTML document. encoding: Content-Encoding; one that is not known leaves the page as it is."""
        if not encoding:
            return self._text(content)
        wbits = _WBITS.get(encoding)
        plain = _unpacked(content, wbits) if wbits else None
        return content if plain is None or not wbits else _packed(self._text(plain), wbits)

    def _text(self, content: bytes) -> bytes:
        """Content as UTF-8; bytes that are none stay what they are."""
        text = content.decode("utf-8", "surrogateescape")
        pieces, done, at = [], 0, 0
        while (match := _MARKUP.search(text, at)) is not None:
            if match["comment"]:
                at = text.find("-->", match.end())
            else:
                rest = _REST.match(text, match.end())
                assert rest
                at = rest.end() if text[rest.end() : rest.end() + 1] == ">" else -1
                name = match["name"].lower()
                if at >= 0 and name in _ATTRIBUTES:
                    pieces += [text[done : match.end()], self._attributes(name, rest[0])]
                    done = at
                if at >= 0 and name in _RAW:
                    end = re.compile(f"</{name}", re.IGNORECASE).search(text, at)
                    at = end.start() + 2 if end else -1
            if at < 0:
                break
        return "".join([*pieces, text[done:]]).encode("utf-8", "surrogateescape")

    def _attributes(self, element: str, text: str) -> str:
        wanted = _ATTRIBUTES[element].split()

        def changed(match: re.Match[str]) -> str:
            if match[1].lower() not in wanted:
                return match[0]
            before = html.unescape(match[3] or match[4] or match[5] or "")
            try:
                after = self.url(before)
            except ValueError:
                return match[0]
            return match[0] if after == before else f'{match[1]}{match[2]}"{html.escape(after)}"'

        return _ATTRIBUTE.sub(changed, text)


def _unpacked(content: bytes, wbits: int) -> bytes | None:
    """None for what is broken or too long."""
    unpacker = zlib.decompressobj(wbits)
    try:
        plain = unpacker.decompress(content, PAGE_LIMIT)
    except zlib.error:
        return None
    return plain if unpacker.eof else None


def _packed(content: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(content) + packer.flush()
