"""Which objects a list or a watch is about."""

from apiserver_stub.meta import selectors
from apiserver_stub.registry.generic import Registry
from apiserver_stub.storage.log import Entry

_BY_KEY = frozenset({"metadata.name", "metadata.namespace"})
_UNKNOWN = '"spec.none" is not a known field selector: only "metadata.name", "metadata.namespace"'


async def whole_table(registry: Registry, namespace: str) -> None:
    """Makes all objects ready to be read, where other programs convert them. Raises StatusError."""
    revision = -1
    while revision != registry.log.revision:
        revision = registry.log.revision
        await registry.ready(registry.log.list(registry.table, namespace))


class Matcher:
    """Namespace, labels and fields as one test; decodes an object only for fields that its key does not tell."""

    def __init__(
        self, registry: Registry, namespace: str, labels: selectors.Selector, fields: selectors.Selector
    ) -> None:
        """Raises StatusError (400) for a field that the kind can't select by."""
        if fields:
            known = registry.field_selectors
            supported = known.supported if known else tuple(_BY_KEY)
            selectors.check_fields(fields, supported, known.message if known else _UNKNOWN)
        self._registry = registry
        self._namespace = namespace
        self._labels = labels
        self._by_key = tuple(field for field in fields if field.key in _BY_KEY)
        self._by_object = tuple(field for field in fields if field.key not in _BY_KEY)
        self.is_everything = not (labels or fields)

    def matches(self, entry: Entry) -> bool:
        key = entry.key
        if self._namespace and key.namespace != self._namespace:
            return False
        if self._labels and not selectors.matches(self._labels, entry.labels):
            return False
        for requirement in self._by_key:
            value = key.name if requirement.key == "metadata.name" else key.namespace
            if (value in requirement.values) != (requirement.operator == "in"):
                return False
        if not self._by_object:
            return True
        return selectors.matches(self._by_object, self._registry.fields(entry))
