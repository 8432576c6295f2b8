"""Who gets in, and as whom."""

import ssl

import aiohttp
import pytest

from tests.api.conftest import CONFIGMAPS, Api, configmap

PODS = "/api/v1/namespaces/default/pods"


async def test_without_a_credential_there_is_health_and_version_only(api: Api) -> None:
    async with api.client("") as nobody:
        for path in ("/healthz", "/livez", "/readyz", "/version", "/version/"):
            assert (await nobody.get(path))[0] == 200, path
        for path in ("/api", "/apis", "/metrics", "/openapi/v2", "/healthzz", "/readyz/ping", "/nope"):
            code, error = await nobody.get(path)
            assert (code, error["message"]) == (403, f'forbidden: User "system:anonymous" cannot get path "{path}"')
        code, error = await nobody.get(PODS)
        assert (code, error["message"]) == (
            403,
            'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" '
            'in the namespace "default"',
        )
        assert (await nobody.call("POST", "/version"))[0] == 403


async def test_nothing_is_changed_by_who_may_not(api: Api) -> None:
    async with api.client("") as nobody:
        assert (await nobody.call("POST", CONFIGMAPS, configmap("a")))[0] == 403
    async with api.client("", Authorization="Bearer viewer-token") as viewer:
        assert (await viewer.call("POST", CONFIGMAPS, configmap("a")))[0] == 403
    async with api.client() as admin:
        assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


@pytest.mark.parametrize("token", ["wrong", "\u00ff", "a" * 5000, "root-token2", "Root-Token"])
async def test_bad_tokens(api: Api, token: str) -> None:
    async with api.client("", Authorization=f"Bearer {token}") as client:
        code, error = await client.get(PODS)
    assert (code, error["reason"]) == (401, "Unauthorized")


async def test_a_bad_token_is_not_saved_by_a_certificate(api: Api) -> None:
    async with api.client("admin", Authorization="Bearer wrong") as client:
        assert (await client.get(PODS))[0] == 401


async def test_tokens_and_certificates_of_masters(api: Api) -> None:
    async with api.client("", Authorization="Bearer root-token") as root:
        assert (await root.get(PODS))[0] == 200
    async with api.client("kubelet-client") as kubelet:
        assert (await kubelet.get(PODS))[0] == 200


async def test_impersonation(api: Api) -> None:
    async with api.client("admin", **{"Impersonate-User": "jane"}) as jane:
        code, error = await jane.get(PODS)
        assert code == 403
        assert 'User "jane" cannot list' in error["message"]
    async with api.client("admin", **{"Impersonate-User": "jane", "Impersonate-Group": "system:masters"}) as root:
        assert (await root.get(PODS))[0] == 200
    async with api.client("admin", **{"Impersonate-Group": "g"}) as nameless:
        assert (await nameless.get(PODS))[0] == 400
    for impostor in ("viewer-token", ""):
        headers = {"Authorization": f"Bearer {impostor}"} if impostor else {}
        wish = {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}
        async with api.client("", **headers, **wish) as client:
            code, error = await client.get(PODS)
            assert code == 403
            assert "cannot impersonate" in error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/healthz/../api/v1/pods",
        "/healthz/%2e%2e/api/v1/secrets",
        "//api/v1/pods",
        "/api/v1//pods",
        "/api/v1/namespaces/default%2fsecrets",
        "/version/%2e%2e/%2e%2e/api/v1/pods",
        "/api/v1/./pods",
        "/livez%2f..%2fapi",
    ],
)
async def test_tricks_with_paths_lead_nowhere(api: Api, path: str) -> None:
    import yarl

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=api.tls(""))) as session,
        session.get(yarl.URL(api.app.url + path, encoded=True)) as answer,
    ):
        assert answer.status in (403, 404), await answer.text()


async def test_plain_http_and_old_tls_are_refused(api: Api) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(api.app.url.replace("https", "http") + "/healthz")
    context = api.tls("")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.get(f"{api.app.url}/healthz") as answer,
    ):
        assert answer.status == 200
