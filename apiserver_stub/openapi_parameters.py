"""Query and path parameters of API operations, with the words that documents show for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    description: str
    type: str = "string"
    place: str = "query"


_FIELD_MANAGER = (
    "fieldManager is a name associated with the actor or entity that is making these changes. The value must be less "
    "than or 128 characters long, and only contain printable characters, as defined by "
    "https://golang.org/pkg/unicode/#IsPrint."
)
_FIELD_VALIDATION = (
    "fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing "
    "unknown or duplicate fields. Valid values are: - Ignore: This will ignore any unknown fields that are silently"
    " dropped from the object, and will ignore all but the last duplicate field that the decoder encounters. This "
    "is the default behavior prior to v1.23. - Warn: This will send a warning via the standard warning response "
    "header for each unknown field that is dropped from the object, and for each duplicate field that is "
    "encountered. The request will still succeed if there are no other errors, and will only persist the last of "
    "any duplicate fields. This is the default in v1.23+ - Strict: This will fail the request with a BadRequest "
    "error if any unknown fields would be dropped from the object, or if any duplicate fields are present. The "
    "error returned from the server will contain all unknown and duplicate fields encountered."
)

# By the name under which operations refer to them; fieldManager reads differently for patches.
PARAMETERS: Final = {
    "name": Parameter("name", "name of the object", place="path"),
    "namespace": Parameter("namespace", "object name and auth scope, such as for teams and projects", place="path"),
    "pretty": Parameter("pretty", "If 'true', then the output is pretty printed."),
    "dryRun": Parameter(
        "dryRun",
        "When present, indicates that modifications should not be persisted. An invalid or unrecognized dryRun "
        "directive will result in an error response and no further processing of the request. Valid values are: "
        "- All: all dry run stages will be processed",
    ),
    "fieldManager": Parameter("fieldManager", _FIELD_MANAGER),
    "fieldManager-patch": Parameter(
        "fieldManager",
        f"{_FIELD_MANAGER} This field is required for apply requests (application/apply-patch) but optional for "
        "non-apply patch types (JsonPatch, MergePatch, StrategicMergePatch).",
    ),
    "fieldValidation": Parameter("fieldValidation", _FIELD_VALIDATION),
    "force": Parameter(
        "force",
        'Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by other '
        "people. Force flag must be unset for non-apply patch requests.",
        "boolean",
    ),
    "gracePeriodSeconds": Parameter(
        "gracePeriodSeconds", "Seconds before the object is deleted; 0 deletes immediately.", "integer"
    ),
    "orphanDependents": Parameter("orphanDependents", "Deprecated: use propagationPolicy.", "boolean"),
    "propagationPolicy": Parameter(
        "propagationPolicy", "What becomes of the object's dependents: Orphan, Background or Foreground."
    ),
    "allowWatchBookmarks": Parameter(
        "allowWatchBookmarks", "Asks for events that carry nothing but a newer resourceVersion.", "boolean"
    ),
    "continue": Parameter("continue", "The token of the previous page of a list."),
    "fieldSelector": Parameter("fieldSelector", "Selects objects by their fields."),
    "labelSelector": Parameter("labelSelector", "Selects objects by their labels."),
    "limit": Parameter("limit", "The most objects that one page of a list may have.", "integer"),
    "resourceVersion": Parameter("resourceVersion", "The version to read or to watch from."),
    "resourceVersionMatch": Parameter(
        "resourceVersionMatch", "How resourceVersion applies to a list: Exact or NotOlderThan."
    ),
    "sendInitialEvents": Parameter(
        "sendInitialEvents", "Begins a watch with an event for each object that exists, then a bookmark.", "boolean"
    ),
    "timeoutSeconds": Parameter("timeoutSeconds", "Ends the list or watch after so many seconds.", "integer"),
    "watch": Parameter("watch", "Streams changes instead of listing.", "boolean"),
}

WRITE: Final = ("dryRun", "fieldManager", "fieldValidation")
PATCH: Final = ("dryRun", "fieldManager-patch", "fieldValidation", "force")
DELETE: Final = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
LIST: Final = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
