"""Go's structs of resource.k8s.io, as tables of golang.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WANTED: Final = 'Selectors>DeviceSelector AllocationMode="" Count=0'
TABLES: Final[Mapping[str, str]] = {
    "ResourceClaimSpec": "Devices={}>DeviceClaim",
    "DeviceClaim": "Requests>DeviceRequest Constraints>DeviceConstraint Config>DeviceConfiguration",
    "DeviceRequest": 'Name="" Exactly>ExactDeviceRequest FirstAvailable>DeviceSubRequest',
    "ExactDeviceRequest": f'DeviceClassName="" {_WANTED} AdminAccess Tolerations>Toleration Capacity>Capacity',
    "DeviceSubRequest": f'Name="" DeviceClassName="" {_WANTED} Tolerations>Toleration Capacity>Capacity',
    "Capacity": "Requests",
    "DeviceSelector": "CEL:cel>DeviceExpression",
    "DeviceExpression": 'Expression=""',
    "DeviceConstraint": "Requests MatchAttribute DistinctAttribute",
    "DeviceConfiguration": "Requests Opaque>DeviceParameters",
    "DeviceParameters": 'Driver="" Parameters',
    "AllocationResult": "Devices={}>DeviceAllocation NodeSelector>NodeSelector AllocationTimestamp",
    "NodeSelector": "NodeSelectorTerms>NodeSelectorTerm",
    "NodeSelectorTerm": "MatchExpressions>NodeSelectorRequirement MatchFields>NodeSelectorRequirement",
    "NodeSelectorRequirement": 'Key="" Operator="" Values',
    "DeviceAllocation": "Results>DeviceResult Config>DeviceAllocationConfiguration",
    "DeviceAllocationConfiguration": 'Source="" Requests Opaque>DeviceParameters',
    "DeviceResult": (
        'Request="" Driver="" Pool="" Device="" AdminAccess Tolerations>Toleration BindingConditions '
        "BindingFailureConditions ShareID:shareID ConsumedCapacity"
    ),
}
