"""When silent watches get their bookmarks."""

from apiserver_stub.http import watch


def test_watches_that_fell_silent_one_after_the_other_are_served_together() -> None:
    begun = [1000.0 + number / 10 for number in range(500)]
    due = [watch.bookmark_after(now) for now in begun]
    assert all(40.0 <= at - now <= 50.0 for at, now in zip(due, begun, strict=True))
    assert len(set(due)) <= 6
