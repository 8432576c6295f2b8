"""What a HorizontalPodAutoscaler scales: the scale subresource of any kind."""

from __future__ import annotations

from operators._kube import discovery, meta, paths
from operators._kube.client import ApiError, Kube
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind


class Unknown(Exception):
    """No kind of that name is served, in upstream's words."""


async def path_of(hpa: Object, kube: Kube) -> str:
    """The path of the target's scale. Raises Unknown, ApiError."""
    reference = hpa["spec"]["scaleTargetRef"]
    api_version, kind = reference.get("apiVersion") or "v1", reference["kind"]
    if api_version.count("/") > 1:
        raise Unknown(f"invalid API version in scale target reference: unexpected GroupVersion string: {api_version}")
    try:
        entries = (await discovery.resource_list(kube, api_version)).get("resources") or []
    except ApiError as error:
        if not error.is_not_found:
            raise
        entries = []
    names = [entry["name"] for entry in entries if entry["kind"] == kind and "/" not in entry["name"]]
    if not names:
        group = meta.group_of(api_version)
        what = f"{kind}.{group}" if group else kind
        raise Unknown(f'unable to determine resource for scale target reference: no matches for kind "{what}"')
    key = Key(meta.namespace_of(hpa), reference["name"])
    return paths.of_object(Kind(api_version, names[0]), key, "scale")
