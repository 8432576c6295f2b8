"""Names of images: what they mean, and what is the same by another name (pure)."""

import re
from collections.abc import Iterable

# See the grammar of references in the OCI distribution specification and its reference implementation.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_NAME}(?:\.{_NAME})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?P<tag>:\w[-.\w]{0,127})?(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_LONGEST_REPOSITORY = 255
_ID = re.compile(r"[0-9a-f]{64}")


def normalise(name: str) -> str | None:
    """The full reference that a registry is asked for; None when it is not a reference.

    Of a tag and a digest the digest alone says what is meant.
    """
    match = _REFERENCE.fullmatch(name)
    if match is None or _ID.fullmatch(name):
        return None
    domain, path = match["domain"], match["path"]
    if domain is not None and not ("." in domain or ":" in domain or domain == "localhost" or domain != domain.lower()):
        domain, path = None, f"{domain}/{path}"
    if domain in (None, "docker.io", "index.docker.io"):
        domain, path = "docker.io", path if "/" in path else f"library/{path}"
    if len(f"{domain}/{path}") > _LONGEST_REPOSITORY:
        return None
    digest = match["digest"] or ""
    return f"{domain}/{path}{digest or match['tag'] or ':latest'}"


def candidates(name: str) -> list[str]:
    """The names under which an image may be on the node: a name without a registry is also looked for among those
    that were built here."""
    reference = normalise(name)
    if reference is None:
        return []
    is_short = not name.startswith(repository(reference).partition("/")[0] + "/")
    return [reference, f"localhost/{name}"] if is_short else [reference]


def invalid(name: str) -> str:
    """What kubelet says of a name that normalise refuses."""
    cause = "invalid reference format"
    if _REFERENCE.fullmatch(name.lower()):
        cause += ": repository name must be lowercase"
    return f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": {cause}'


def repository(reference: str) -> str:
    """A full reference without tag and digest."""
    before, _, _ = reference.partition("@")
    head, slash, last = before.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def is_local(name: str) -> bool:
    """`localhost/…` is where podman keeps what was built on this machine: there is no registry to ask."""
    return name.startswith("localhost/")


def identity(name: str, image_id: str, digests: Iterable[str]) -> str:
    """status.imageID: the repository's name with the digest, of the repository that was asked for if possible."""
    wanted = repository(normalise(name) or name)
    found = list(digests)
    return next((one for one in found if repository(one) == wanted), found[0] if found else f"sha256:{image_id}")
