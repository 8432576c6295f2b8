"""Content negotiation: what the client wants to read, and what it says it sent."""

import functools
from dataclasses import dataclass

from apiserver_stub.meta import status

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

_READABLE = (JSON, YAML, PROTOBUF)
_OFFERED = (*_READABLE, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_VERSIONS = {"Table": ("v1", "v1beta1"), "PartialObjectMetadata": ("v1", "v1beta1")}
_VERSIONS["PartialObjectMetadataList"] = _VERSIONS["PartialObjectMetadata"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The chosen representation. `kind`: "" (the object itself), Table, PartialObjectMetadata or its List."""

    media: str = JSON
    kind: str = ""
    version: str = "v1"


PLAIN = Wanted()


@functools.lru_cache(maxsize=256)
def accept(header: str) -> Wanted:
    """The first acceptable of the client's wishes, best first. Raises StatusError (406).

    Protobuf is never spoken here: whoever asks for it gets JSON if that will do as well.
    """
    wishes = sorted((_wish(part) for part in header.split(",")), key=lambda wish: -wish[0])
    for _, media, params in wishes:
        if media in ("", "*/*", "application/*", JSON, YAML):
            chosen = YAML if media == YAML else JSON
            if (found := _transformed(chosen, params)) is not None:
                return found
    raise status.not_acceptable(_OFFERED)


def accept_of_custom(header: str, verb: str) -> Wanted:
    """The same for custom resources, refused in their words. Raises StatusError (406)."""
    try:
        return accept(header)
    except status.StatusError:
        if not any(_wish(part)[1] == PROTOBUF for part in header.split(",")):
            text = f"only the following media types are accepted: {', '.join(_READABLE)}"
            raise status.StatusError(406, "NotAcceptable", text) from None
        shown = "*unstructured.UnstructuredList" if verb == "list" else "*unstructured.Unstructured"
        text = f"object {shown} does not implement the protobuf marshalling interface and cannot be encoded to a "
        raise status.StatusError(406, "NotAcceptable", f"{text}protobuf message") from None


def _wish(part: str) -> tuple[float, str, dict[str, str]]:
    media, *rest = part.split(";")
    params = {}
    for item in rest:
        key, _, value = item.partition("=")
        params[key.strip().lower()] = value.strip()
    try:
        quality = float(params.pop("q", "1"))
    except ValueError:
        quality = 1.0
    return quality, media.strip().lower(), params


def _transformed(media: str, params: dict[str, str]) -> Wanted | None:
    kind = params.get("as", "")
    if not kind:
        return PLAIN if media == JSON else Wanted(media)
    version = params.get("v", "")
    if params.get("g") != "meta.k8s.io" or version not in _VERSIONS.get(kind, ()):
        return None
    return Wanted(media, kind, version)


@functools.lru_cache(maxsize=256)
def body_media(content_type: str) -> str:
    """The media type of an object that was sent. Raises StatusError (415)."""
    media = content_type.partition(";")[0].strip().lower()
    if media in ("", "*/*"):
        return JSON
    if media in _READABLE:
        return media
    raise status.unsupported_media_type(_READABLE)
