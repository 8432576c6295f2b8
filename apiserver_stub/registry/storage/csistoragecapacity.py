"""CSIStorageCapacity: how much of a class is left somewhere."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.schema import quantity

Object = base.Object


class CSIStorageCapacities(base.Kind):
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        name = obj.get("storageClassName", "")
        out = selector.validate(obj.get("nodeTopology"), "nodeTopology")
        out += formats.faults("storageClassName", name, formats.subdomain(name))
        amount = obj.get("capacity")
        if amount is not None and quantity.parse(amount) < 0:
            out.append(field.invalid("capacity", amount, formats.NOT_NEGATIVE))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = selector.unchanged(obj.get("nodeTopology"), old.get("nodeTopology"), "nodeTopology")
        return out + formats.unchanged("storageClassName", obj.get("storageClassName"), old.get("storageClassName"))
