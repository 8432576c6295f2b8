"""The ConfigMap that tells extension servers whom to believe: kube-system/extension-apiserver-authentication."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

from apiserver_stub.aggregation import remote as remotes
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import WriteOptions
from apiserver_stub.schema import decode

Object = dict[str, Any]

NAMESPACE: Final = "kube-system"
NAME: Final = "extension-apiserver-authentication"
# The name in the certificate that this server shows to aggregated ones.
CLIENT: Final = "front-proxy-client"
_WRITER: Final = WriteOptions(field_manager="kube-apiserver")


def contents(client_ca: str, proxy_ca: str) -> dict[str, str]:
    """Its data, as upstream writes it. client_ca, proxy_ca: PEM; an empty one is left out."""
    data = {"client-ca-file": client_ca} if client_ca else {}
    if proxy_ca:
        data |= {
            "requestheader-allowed-names": _list(CLIENT),
            "requestheader-client-ca-file": proxy_ca,
            "requestheader-extra-headers-prefix": _list(remotes.EXTRA_PREFIX),
            "requestheader-group-headers": _list(remotes.GROUP_HEADER),
            "requestheader-uid-headers": _list(remotes.UID_HEADER),
            "requestheader-username-headers": _list(remotes.USER_HEADER),
        }
    return data


def _list(name: str) -> str:
    return orjson.dumps([name]).decode()


async def ensure(catalog: Catalog, pki: Path) -> None:
    """Creates the ConfigMap or puts its keys right; others stay. Raises StorageError."""
    registry = catalog.find("", "v1", "configmaps")
    assert registry
    data = contents(_text(pki / "ca.crt"), _text(pki / "front-proxy-ca.crt"))
    entry = registry.log.head(registry.key(NAMESPACE, NAME))
    if entry is None:
        body = {"metadata": {"name": NAME, "namespace": NAMESPACE}, "data": data}
        obj, _ = decode.decode(orjson.dumps(body), "application/json", registry.resource)
        await registry.create(obj, NAMESPACE, _WRITER)
    elif not data.items() <= (entry.decode().get("data") or {}).items():
        await registry.update(NAMESPACE, NAME, lambda obj: obj | {"data": (obj.get("data") or {}) | data}, _WRITER)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
