"""Lists in chunks."""

from tests.conformance.cluster import Space
from tests.conformance.kinds import template

COUNT = 400


def test_chunks(space: Space) -> None:
    for number in range(COUNT):
        space.create("podtemplates", {"metadata": {"name": f"template-{number:04}"}, "template": template()})
    path, names, token, version = space.path("podtemplates"), [], "", ""
    limit = 170
    while True:
        chunk = space.cluster.get(path, limit=limit, **({"continue": token} if token else {}))
        assert len(chunk["items"]) <= limit
        names += [item["metadata"]["name"] for item in chunk["items"]]
        version = version or chunk["metadata"]["resourceVersion"]
        assert chunk["metadata"]["resourceVersion"] == version
        assert chunk["metadata"].get("remainingItemCount", 0) == COUNT - len(names)
        token = chunk["metadata"].get("continue", "")
        if not token:
            break
        # Not part of what the continued list shows.
        space.delete("podtemplates", f"template-{COUNT - 1:04}") if len(names) == limit else None
    assert names == [f"template-{number:04}" for number in range(COUNT)]
    assert len(space.items("podtemplates")) == COUNT - 1
