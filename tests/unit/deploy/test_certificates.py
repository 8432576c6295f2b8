"""`ukube certs`: what is read and what is shown."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from apiserver_stub.auth import pki
from deploy import certificates
from deploy.cli.main import cli


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    pki.ensure(made / "pki", pki.leaves(["node"], ["10.0.0.5"], [], "10.96.0.1"), in_child=False)
    pki.write_kubeconfig(made / "admin.kubeconfig", made / "pki", "https://127.0.0.1:6443")
    return made


@pytest.mark.parametrize(
    ("days", "days_left", "is_valid"), [(0, 364, True), (364.5, 0, True), (366, -2, False), (-2, 366, False)]
)
def test_rows(data: Path, days: float, days_left: int, is_valid: bool) -> None:
    found = certificates.rows(certificates.of_directory(data), time.time() + days * 86400)
    assert [row.file for row in found][:2] == ["pki/ca.crt", "pki/front-proxy-ca.crt"]
    rows = {row.file: row for row in found}
    assert {"pki/serving.crt", "pki/kubelet.crt", "admin.kubeconfig"} < rows.keys()
    admin = rows["admin.kubeconfig"]
    assert admin.subject == "CN=kubernetes-admin,O=system:masters"
    assert (admin.days_left, admin.is_valid) == (days_left, is_valid)
    assert {"10.0.0.5", "node", "kubernetes.default.svc"} <= set(rows["pki/serving.crt"].names)
    assert rows["pki/ca.crt"].not_before == "2000-01-01 00:00"


def test_the_command(data: Path, tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["certs", "--data-dir", str(data)])
    assert shown.exit_code == 0, shown.output
    assert "CN=kube-apiserver" in shown.output
    empty = CliRunner().invoke(cli, ["certs", "--data-dir", str(tmp_path)])
    assert "has not started" in str(empty.exception)
