"""Who may use an image that is on the node."""

import dataclasses

from operators.pod.images.credentials import Coordinates, Credential
from operators.pod.images.records import Records

REF, REPO = "reg.example/app:v1", "reg.example/app"
A = Credential("me", "secret-a", Coordinates("n", "a", "u-a"))


def opened(folder):
    records = Records(folder)
    records.open()
    return records


def test_what_was_brought_by_other_means_is_for_everyone(tmp_path):
    assert opened(tmp_path).may_use("i", REF, REPO, ())


def test_a_pull_that_was_cut_off(tmp_path):
    opened(tmp_path).begin(REF)
    records = opened(tmp_path)
    assert records.cut_off() == [REF]
    assert not records.may_use("i", REF, REPO, (A,))
    records.put_unknown("j")
    records.end(REF)
    assert not opened(tmp_path).may_use("j", REF, REPO, (A,))
    assert opened(tmp_path).may_use("i", REF, REPO, ())


def test_holders(tmp_path):
    opened(tmp_path).put("i", REPO, A)
    records = opened(tmp_path)
    elsewhere = dataclasses.replace(A, secret=Coordinates("m", "b", "u-b"))
    changed = dataclasses.replace(A, password="new")
    stranger = dataclasses.replace(elsewhere, password="guess")
    assert not records.may_use("i", REF, REPO, ())
    assert not records.may_use("i", REF, REPO, (stranger,))
    assert records.may_use("i", REF, REPO, (stranger, A))
    assert records.may_use("i", REF, REPO, (elsewhere,))
    assert not records.may_use("i", REF, "reg.example/other", (A,))
    assert records.may_use("i", REF, REPO, (changed,))  # the same Secret
    assert opened(tmp_path).may_use("i", REF, REPO, (dataclasses.replace(stranger, password="new"),))


def test_without_credentials_it_is_for_everyone(tmp_path):
    records = opened(tmp_path)
    records.put("i", REPO, A)
    records.put("i", REPO, None)
    assert records.may_use("i", REF, REPO, ())
    records.put("i", REPO, A)
    assert records.may_use("i", REF, REPO, ())


def test_no_secret_is_on_the_disk_and_nobody_else_reads_it(tmp_path):
    records = opened(tmp_path / "images")
    records.put("i", REPO, A)
    records.begin(REF)
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) == 2
    assert not [text for text in texts if "secret-a" in text]
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]


def test_a_damaged_record_is_for_nobody(tmp_path):
    opened(tmp_path)
    (tmp_path / "pulled/i.json").write_text("{")
    assert not opened(tmp_path).may_use("i", REF, REPO, (A,))


def test_remove(tmp_path):
    records = opened(tmp_path)
    records.put("i", REPO, A)
    assert records.has("i")
    records.remove("i")
    assert not opened(tmp_path).has("i")
