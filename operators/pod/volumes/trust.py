"""Projected ClusterTrustBundles: certificates of the cluster's signers in one file (pure)."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

from operators._kube import selectors
from operators.pod import sources
from operators.pod.sources import NodeFacts, Object, Sources
from operators.pod.volumes.object_files import checked_path
from operators.pod.volumes.parts import File

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s+(.*?)-----END CERTIFICATE-----", re.DOTALL)


def files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """Raises Missing when nothing is there to be trusted and the source is not optional."""
    bundles = available.trust_bundles()
    found = list(selected(definition, bundles or ()))
    if not found and not definition.get("optional"):
        raise sources.Missing(_why(definition, is_served=bundles is not None))
    text = normalise(str((bundle.get("spec") or {}).get("trustBundle") or "") for bundle in found)
    return {checked_path(definition["path"]): File(text.encode(), definition["defaultMode"])}


def selected(definition: Object, bundles: Iterable[Object]) -> Iterator[Object]:
    """The bundle of that name; or those of the signer whose labels match, and none at all without a selector."""
    name, signer, selector = (definition.get(key) for key in ("name", "signerName", "labelSelector"))
    for bundle in bundles:
        if name:
            if bundle["metadata"]["name"] == name:
                yield bundle
        elif selector is not None and (bundle.get("spec") or {}).get("signerName") == signer:
            yield from [bundle] if selectors.matches(selector, bundle["metadata"].get("labels") or {}) else ()


def normalise(texts: Iterable[str]) -> str:
    """Every certificate once, in a fixed order, without comments and headers between them."""
    found: dict[bytes, None] = {}
    for text in texts:
        for body in _BLOCK.findall(text):
            try:
                found[base64.b64decode("".join(body.split()), validate=True)] = None
            except binascii.Error:
                continue
    return "".join(_pem(der) for der in sorted(found))


def _pem(der: bytes) -> str:
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _why(definition: Object, *, is_served: bool) -> str:
    if not is_served:
        return "the API server does not offer ClusterTrustBundles (certificates.k8s.io)"
    if name := definition.get("name"):
        return f'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "{name}" not found'
    return "combination of signerName and labelSelector matched zero ClusterTrustBundles"
