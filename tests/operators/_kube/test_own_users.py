"""Operators with users of their own: who may act as each, and what happens when one may no more."""

import asyncio
import sys

import pytest

from deploy import rights
from operators._kube import command, identity
from operators._kube.errors import ApiError
from operators._kube.kubeconfig import load
from operators._kube.meta import Object
from operators._kube.session import Link, Session
from tests.operators._kube.conftest import until_async
from tests.operators._kube.test_api_server import PODS, SETS, ApiServer, Client, api, client  # noqa: F401
from tests.operators._kube.test_command import SPEC, process, stop

BINDING = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/ukube:operator:replicaset"
SECRETS = "/api/v1/secrets"


def replica_set(name: str) -> Object:
    labels = {"app": name}
    template = {**SPEC["template"], "metadata": {"labels": labels}}  # type: ignore[dict-item]
    return {
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.mark.filterwarnings("ignore")
async def test_an_operator_works_as_its_own_account_until_that_is_taken_away(api: ApiServer, client: Client) -> None:  # noqa: F811
    own = str(api.directory / "operators.kubeconfig")
    argv = ("-m", "operators", "replicaset", "serviceaccount", "--kubeconfig", own, "--own-users")
    async with process(sys.executable, *argv) as running:
        await client.create(SETS, replica_set("a"))
        await until_async(lambda: client.count(PODS), 1, seconds=20)
        await client.merge(BINDING, rights.change(False))
        await client.create(SETS, replica_set("b"))
        await asyncio.sleep(1.5)
        assert await client.count(PODS) == 1
        await client.merge(BINDING, rights.change(True))
        await until_async(lambda: client.count(PODS), 2, seconds=20)
        _, said = await stop(running)
    assert "cannot impersonate" in said
    assert "Traceback" not in said


async def test_the_process_may_nothing_else(api: ApiServer) -> None:  # noqa: F811
    link = Link(lambda: load(api.directory / "operators.kubeconfig"))
    link.answered()

    async def refused(user: str, method: str, path: str, body: Object | None = None) -> bool:
        session = Session(link, "test", user=user)
        try:
            await session.send(method, path, body=body)
        except ApiError as error:
            return error.status == 403
        finally:
            await session.close()
        return False

    try:
        for user in (
            "",
            "kubernetes-admin",
            "system:admin",
            "system:serviceaccount:default:default",
            "system:serviceaccount:default:deployment-controller",
            "system:node:another",
        ):
            assert await refused(user, "GET", SECRETS), user
        # As the node: no Secrets but those that its Pods name.
        assert await refused(identity.node_user(), "GET", SECRETS)
        assert await refused(identity.account("deployment-controller"), "GET", SECRETS)
        assert not await refused(identity.account("generic-garbage-collector"), "GET", SECRETS)
    finally:
        await link.close()


def test_every_operator_says_as_whom_it_acts() -> None:
    users = {name: command.load(name).user for name in command.names()}
    assert all(user.startswith("system:") for user in users.values()), users
    nodes = {name for name, user in users.items() if user == identity.node_user()}
    assert nodes == {"node", "pod"}


def test_headers() -> None:
    assert identity.impersonation("jane") == {"Impersonate-User": "jane"}
    assert identity.impersonation("system:node:pi")["Impersonate-Group"] == "system:nodes"


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ("deployment", ["rolebinding", "ukube:operator:deployment", "--namespace=kube-system"]),
        ("pod", ["clusterrolebinding", "ukube:operator:node"]),
        ("binder", ["clusterrolebinding", "ukube:operator:binder"]),
    ],
)
def test_what_is_switched(operator: str, words: list[str]) -> None:
    assert rights.binding(operator) == words
