"""kubectl, oldest and newest that are promised, and Helm: what a person types, against the API server alone."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox import layers, recipe

CHART = Path(__file__).parents[1] / "charts" / "shop"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
WHEELS = {"1.32": recipe.OLDER_TOOLS, "1.35": recipe.TOOLS}

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1}]}
"""


@pytest.fixture(scope="module", params=sorted(WHEELS))
def programs(request: pytest.FixtureRequest) -> Path:
    """The folder with one version of kubectl, and a Helm."""
    return layers.tools(print, WHEELS[request.param]) / "usr/local/bin"


@pytest.fixture(scope="module")
def helm(api_server: Path) -> Run:
    return runner(layers.tools(print, recipe.TOOLS) / "usr/local/bin/helm", api_server)


def runner(program: Path, kubeconfig: Path) -> Run:
    def run(*words: str | Path, stdin: str | None = None, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        home = kubeconfig.parent / program.parent.parent.parent.parent.name
        done = subprocess.run(
            [program, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"KUBECONFIG": str(kubeconfig), "HOME": str(home), "PATH": f"{program.parent}:/usr/bin:/bin"},
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def kubectl(programs: Path, api_server: Path) -> Run:
    return runner(programs / "kubectl", api_server)


@pytest.fixture
def space(kubectl: Run, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    letters = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    name = letters.strip("-")[-60:].strip("-")
    kubectl("create", "namespace", name)
    return name


def test_apply_edit_diff_and_wait(kubectl: Run, space: str) -> None:
    assert kubectl("apply", "-n", space, "-f", "-", stdin=DEPLOYMENT).stdout == "deployment.apps/web created\n"
    assert kubectl("apply", "-n", space, "-f", "-", stdin=DEPLOYMENT).stdout == "deployment.apps/web unchanged\n"
    changed = DEPLOYMENT.replace("nginx:1", "nginx:2")
    diff = kubectl("diff", "-n", space, "-f", "-", stdin=changed, code=1).stdout
    assert "-      - image: nginx:1" in diff
    assert "+      - image: nginx:2" in diff
    assert kubectl("apply", "-n", space, "-f", "-", stdin=changed).stdout == "deployment.apps/web configured\n"
    kubectl("wait", "-n", space, "--for=jsonpath={.spec.replicas}=0", "deployment/web", "--timeout=5s")
    kubectl("patch", "-n", space, "deployment/web", "-p", '{"metadata":{"labels":{"a":"b"}}}')
    kubectl("delete", "-n", space, "deployment/web", "--wait=false")
    kubectl("wait", "-n", space, "--for=delete", "deployment/web", "--timeout=5s")


def test_server_side(kubectl: Run, space: str) -> None:
    apply = ("apply", "-n", space, "--server-side", "-f", "-")
    assert kubectl(*apply, "--dry-run=server", stdin=DEPLOYMENT).stdout.startswith(
        "deployment.apps/web serverside-applied"
    )
    kubectl("get", "-n", space, "deployment/web", code=1)
    kubectl(*apply, stdin=DEPLOYMENT)
    kubectl("scale", "-n", space, "deployment/web", "--replicas=0")
    other = DEPLOYMENT.replace("nginx:1", "nginx:3")
    refused = kubectl(*apply, "--field-manager=other", stdin=other, code=1).stderr
    assert 'Apply failed with 1 conflict: conflict with "kubectl"' in refused
    assert '.spec.template.spec.containers[name="web"].image' in refused
    kubectl(*apply, "--field-manager=other", "--force-conflicts", stdin=other)
    managers = kubectl(
        "get",
        "-n",
        space,
        "deployment/web",
        "--show-managed-fields",
        "-o",
        "jsonpath={.metadata.managedFields[*].manager}",
    ).stdout
    assert sorted(managers.split()) == ["kubectl", "other"]


def test_a_typo_is_told_in_upstreams_words(kubectl: Run, space: str) -> None:
    typo = DEPLOYMENT.replace("replicas:", "replica:")
    told = kubectl("apply", "-n", space, "-f", "-", stdin=typo, code=1).stderr
    assert 'cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"' in told
    wrong = DEPLOYMENT.replace("image: nginx:1", "image: nginx:1, imagePullPolicy: Sometimes")
    told = kubectl("apply", "-n", space, "-f", "-", stdin=wrong, code=1).stderr
    assert told == (
        'The Deployment "web" is invalid: spec.template.spec.containers[0].imagePullPolicy: Unsupported value: '
        '"Sometimes": supported values: "Always", "IfNotPresent", "Never"\n'
    )
    kubectl("get", "-n", space, "deployment/web", code=1)


def test_ways_to_look(kubectl: Run, space: str) -> None:
    for name, size in (("b", "2"), ("a", "1")):
        kubectl("create", "configmap", name, f"--from-literal=size={size}", "-n", space)
    listed = kubectl(
        "get",
        "configmaps",
        "-n",
        space,
        "-o",
        "custom-columns=NAME:.metadata.name,SIZE:.data.size",
        "--sort-by=.data.size",
    ).stdout.split("\n")
    assert [line.split() for line in listed[:3]] == [["NAME", "SIZE"], ["a", "1"], ["b", "2"]]
    assert kubectl("get", "nodes,namespaces", "-o", "wide").stdout.startswith("NAME")
    raw = json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/{space}/configmaps/a").stdout)
    assert raw["data"] == {"size": "1"}
    assert "system:masters" in kubectl("auth", "whoami").stdout
    assert kubectl("events", "-n", space).stderr.startswith("No events found")
    assert "Server Version: v1.36" in kubectl("version").stdout
    shown = kubectl("api-resources", "--api-group=apps", "-o", "name").stdout.split()
    assert shown == sorted(shown) and "deployments.apps" in shown


@pytest.mark.parametrize("kind", ["pods", "deployments.spec.strategy", "ingresses", "customresourcedefinitions"])
def test_explain(kubectl: Run, kind: str) -> None:
    told = kubectl("explain", "--recursive", kind).stdout
    assert "FIELDS:" in told
    assert len(told.splitlines()) > 5


def test_a_custom_kind(kubectl: Run, space: str) -> None:
    kubectl("apply", "-f", CHART / "crds")
    kubectl("wait", "--for=condition=Established", "crd/counters.shop.example.com", "--timeout=5s")
    counter = "apiVersion: shop.example.com/v1\nkind: Counter\nmetadata: {name: till}\nspec: {opening: '%s'}\n"
    kubectl("apply", "-n", space, "-f", "-", stdin=counter % "08:00")
    told = kubectl("apply", "-n", space, "-f", "-", stdin=counter % "19:00", code=1).stderr
    assert told.endswith("opens before it closes\n")
    assert [line.split()[:2] for line in kubectl("get", "cnt", "-n", space).stdout.splitlines()] == [
        ["NAME", "OPENING"],
        ["till", "08:00"],
    ]
    assert "When it opens, HH:MM." in kubectl("explain", "counter.spec").stdout
    assert kubectl("get", "all", "-n", space, "-o", "name").stdout == "counter.shop.example.com/till\n"
    kubectl("delete", "-f", CHART / "crds")
    # kubectl still knows the kind from its cache of discovery, the server does not.
    assert "could not find the requested resource" in kubectl("get", "cnt", "-n", space, code=1).stderr


def test_a_charts_manifests(kubectl: Run, helm: Run, space: str) -> None:
    """What `helm template` prints goes through kubectl too: dry run, client-side and server-side."""
    kubectl("apply", "--server-side", "-f", CHART / "crds")
    manifests = helm("template", "shop", CHART, "--no-hooks").stdout
    kubectl("apply", "--dry-run=server", "-n", space, "-f", "-", stdin=manifests)
    kubectl("apply", "--server-side", "--dry-run=server", "-n", space, "-f", "-", stdin=manifests)
    kubectl("get", "configmap/shop", "-n", space, code=1)
    kubectl("apply", "-n", space, "-f", "-", stdin=manifests)
    # What was applied on the client's side changes hands without a conflict.
    kubectl("apply", "--server-side", "-n", space, "-f", "-", stdin=manifests)
    assert kubectl("diff", "-n", space, "--server-side", "-f", "-", stdin=manifests).stdout == ""
    kubectl("delete", "-n", space, "-f", "-", stdin=manifests)
    kubectl("delete", "-f", CHART / "crds")


def test_helm_install_upgrade_rollback_uninstall(kubectl: Run, helm: Run, space: str) -> None:
    def greeting() -> str:
        return kubectl("get", "configmap/shop", "-n", space, "-o", "jsonpath={.data.greeting}").stdout

    # A dry run installs no CRD, and without it the server does not know the chart's own kind.
    kubectl("apply", "-f", CHART / "crds")
    helm("install", "shop", CHART, "-n", space, "--no-hooks", "--dry-run=server")
    kubectl("get", "configmap/shop", "-n", space, code=1)
    helm("install", "shop", CHART, "-n", space, "--no-hooks")
    assert greeting() == "hello"
    helm("upgrade", "shop", CHART, "-n", space, "--no-hooks", "--set", "greeting=ciao", "--dry-run=server")
    assert greeting() == "hello"
    helm("upgrade", "shop", CHART, "-n", space, "--no-hooks", "--set", "greeting=ciao")
    assert greeting() == "ciao"
    helm("rollback", "shop", "1", "-n", space, "--no-hooks")
    assert greeting() == "hello"
    assert helm("history", "shop", "-n", space, "--max", "1").stdout.splitlines()[-1].split()[0] == "3"
    helm("uninstall", "shop", "-n", space, "--no-hooks")
    assert kubectl("get", "all,configmaps", "-n", space, "-o", "name").stdout == ""
    kubectl("delete", "-f", CHART / "crds")


def test_helm_without_server_side_apply(kubectl: Run, helm: Run, space: str) -> None:
    """Helm 4 applies on the server's side unless told otherwise."""
    helm("install", "shop", CHART, "-n", space, "--no-hooks", "--server-side=false")
    helm("upgrade", "shop", CHART, "-n", space, "--no-hooks", "--server-side=true", "--force-conflicts")
    helm("uninstall", "shop", "-n", space, "--no-hooks")
    kubectl("delete", "-f", CHART / "crds")


def test_the_chart_is_well_formed(helm: Run) -> None:
    assert shutil.which("sh")
    assert "0 chart(s) failed" in helm("lint", CHART).stdout
