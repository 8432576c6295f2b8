"""PersistentVolume: bind claims to volumes, hand claims to provisioners, release what no claim uses any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import meta, volumes
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators.persistentvolume import SLEEP, binding, plan, reclaim, status

controller = Controller("persistentvolume", user=SLEEP.user, component="persistentvolume-controller")

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_CLASSES = ("storage.k8s.io/v1", "storageclasses")


def concerned_claims(volume: Object, kube: Kube) -> Iterable[Key]:
    """The claims that news of a volume may help or harm."""
    return plan.competing(volume, kube.list("v1", _CLAIMS))


def waiting_claims(storage_class: Object, kube: Kube) -> Iterable[Key]:
    """The claims that news of a class may help."""
    return [meta.key_of(claim) for claim in kube.list("v1", _CLAIMS) if not claim["spec"].get("volumeName")]


def concerned_volumes(claim: Object, kube: Kube) -> Iterable[Key]:
    """The volume that a claim names, and those that name the claim."""
    key, named = meta.key_of(claim), claim["spec"].get("volumeName")
    found = [meta.key_of(volume) for volume in kube.list("v1", _VOLUMES) if volumes.claim_key(volume) == key]
    return [*found, Key("", named)] if named else found


# One at a time: two claims must not choose the same volume.
@controller.reconcile(
    "v1",
    _CLAIMS,
    watches=[
        Watch("v1/persistentvolumes", keys=concerned_claims),
        Watch("storage.k8s.io/v1/storageclasses", keys=waiting_claims),
    ],
    concurrency=1,
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: find the claim a volume, or say what it waits for."""
    claim = kube.get_or_none("v1", _CLAIMS, key)
    if claim is None:
        return DONE
    known = {meta.name_of(volume): volume for volume in kube.list("v1", _VOLUMES)}
    classes = {meta.name_of(found): found for found in kube.list(*_CLASSES)}
    match plan.claim(claim, known, classes):
        case plan.Bind(volume):
            await _bind(claim, volume, kube)
            if notice := plan.stunted(claim, volume):
                await _tell(claim, notice, kube)
        case plan.Rest() as rest:
            await _rest(claim, rest, kube)
        case plan.AwaitPod():
            pods = await kube.fetch_list("v1", "pods", key.namespace)
            await _rest(claim, plan.Rest("Pending", plan.awaited(pods, claim)), kube)
        case plan.Assign(name):
            await _save(kube, _CLAIMS, claim, binding.with_class(claim, name))
        case plan.Provision(provisioner):
            claim = await _save(kube, _CLAIMS, claim, binding.with_provisioner(claim, provisioner))
            await _rest(claim, plan.Rest("Pending", plan.external(provisioner)), kube)
    return DONE


@controller.reconcile("v1", _VOLUMES, watches=[Watch("v1/persistentvolumeclaims", keys=concerned_volumes)])
async def reconcile_volume(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: the volume's phase, and what is to be done about one without its claim."""
    volume = kube.get_or_none("v1", _VOLUMES, key)
    if volume is None:
        return DONE
    owner = volumes.claim_key(volume)
    claim = kube.get_or_none("v1", _CLAIMS, owner) if owner is not None else None
    if owner is not None and (claim is None or meta.uid_of(claim) != volume["spec"]["claimRef"].get("uid")):
        # Made a moment ago perhaps: what is given up here may be deleted.
        claim = await kube.fetch("v1", _CLAIMS, owner)
    match reclaim.volume(volume, claim):
        case reclaim.Phase(phase, message, notice):
            await _enter(volume, phase, message, notice, kube)
        case reclaim.Unbind():
            freed = await _save(kube, _VOLUMES, volume, binding.unbound(volume))
            await _save_status(kube, _VOLUMES, freed, status.volume(freed, "Available"))
        case reclaim.Mismatch(on_volume, on_claim):
            await _tell(volume, on_volume, kube)
            assert claim is not None
            await _tell(claim, on_claim, kube)
        case _:
            pass  # the claim's turn, or nobody's
    return DONE


async def _bind(claim: Object, volume: Object, kube: Kube) -> None:
    """In upstream's order, so that it can be taken up where it was left."""
    volume = await _save(kube, _VOLUMES, volume, binding.volume_for(volume, claim))
    volume = await _save_status(kube, _VOLUMES, volume, status.volume(volume, "Bound"))
    claim = await _save(kube, _CLAIMS, claim, binding.claim_for(claim, volume))
    await _save_status(kube, _CLAIMS, claim, status.claim(claim, "Bound", volume))


async def _rest(claim: Object, rest: plan.Rest, kube: Kube) -> None:
    is_news = (claim.get("status") or {}).get("phase") != rest.phase
    claim = await _save_status(kube, _CLAIMS, claim, status.claim(claim, rest.phase, None))
    if rest.notice is not None and (is_news or not rest.once):
        await _tell(claim, rest.notice, kube)


async def _enter(volume: Object, phase: str, message: str, notice: plan.Notice | None, kube: Kube) -> None:
    is_news = (volume.get("status") or {}).get("phase") != phase
    await _save_status(kube, _VOLUMES, volume, status.volume(volume, phase, message))
    if notice is not None and is_news:
        await _tell(volume, notice, kube)


async def _save(kube: Kube, resource: str, old: Object, new: Object) -> Object:
    """What differs is written whole: it is refused (409) when somebody was quicker."""
    return old if new == old else await kube.update("v1", resource, new)


async def _save_status(kube: Kube, resource: str, obj: Object, new: Object) -> Object:
    if (obj.get("status") or {}) == new:
        return obj
    return await kube.update("v1", resource, {**obj, "status": new}, subresource="status")


async def _tell(regarding: Object, notice: plan.Notice, kube: Kube) -> None:
    await kube.event(regarding, notice.type, notice.reason, notice.message)
