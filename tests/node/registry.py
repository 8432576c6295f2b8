"""Registries on a node, for tests: one with TLS and a password, one that asks nothing, one that fails."""

import base64
import datetime
import ipaddress
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.images import build, recipes
from tests.node.conftest import TestNode

PLAIN, SECURE, FAILING = "127.0.0.1:5000", "127.0.0.1:5443", "127.0.0.1:5001"
USER, PASSWORD = "puller", "pull-me-4711"
_HASH = "$2b$05$abcdefghijklmnopqrstuu3bXv00gS97n2o.MR1jBaJL0knfMTDga"
_FOLDER = "/var/lib/test-registry"
_RECIPE = recipes.Recipe(
    packages=("docker-registry",), folders=("tmp", "data"), changes=('ENTRYPOINT ["/usr/bin/docker-registry"]',)
)
_CONFIG = """
version: 0.1
storage: {{filesystem: {{rootdirectory: /data}}}}
http: {{addr: "{address}", secret: x{tls}}}
{auth}
"""
_TLS = ", tls: {certificate: /etc/registry/tls.crt, key: /etc/registry/tls.key}"
_AUTH = "auth: {htpasswd: {realm: test, path: /etc/registry/htpasswd}}"
_REGISTRIES = f"""
[[registry]]
location = "{PLAIN}"
insecure = true
[[registry]]
location = "{FAILING}"
insecure = true
[[registry]]
location = "origin.invalid"
[[registry.mirror]]
location = "{PLAIN}"
insecure = true
"""
# Passes bytes on; while the file exists, it dies after a few megabytes.
_PROXY = """
import asyncio, os, sys
passed = 0
async def copy(source, target):
    global passed
    try:
        while data := await source.read(65536):
            passed += len(data)
            if passed > 5 << 20 and os.path.exists(sys.argv[1]):
                break
            target.write(data)
            await target.drain()
    except OSError:
        pass
    target.close()
async def serve(reader, writer):
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", 5000)
    await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))
async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 5001) as server:
        await server.serve_forever()
asyncio.run(main())
"""


class Registry:
    """Started by `start`, taken away by `stop`."""

    def __init__(self, node: TestNode) -> None:
        self.node = node

    def start(self) -> None:
        node = self.node
        build.ensure(node.node, _RECIPE, "localhost/registry:latest", lambda line: None)
        certificate, key = _certificate()
        files = {
            "plain.yml": _CONFIG.format(address=PLAIN, tls="", auth=""),
            "secure.yml": _CONFIG.format(address=SECURE, tls=_TLS, auth=_AUTH),
            "tls.crt": certificate,
            "tls.key": key,
            "htpasswd": f"{USER}:{_HASH}\n",
            "proxy.py": _PROXY,
        }
        for name, text in files.items():
            node.write(f"{_FOLDER}/{name}", text)
        node.write(f"/etc/containers/certs.d/{SECURE}/ca.crt", certificate)
        node.write("/etc/containers/registries.conf.d/50-test.conf", _REGISTRIES)
        mounts = ["-v", f"{_FOLDER}:/etc/registry:ro", "-v", f"{_FOLDER}/data:/data"]
        node.run(["mkdir", "-p", f"{_FOLDER}/data"])
        for name in ("plain", "secure"):
            words = ["podman", "run", "-d", "--replace", f"--name=registry-{name}", "--network=host", *mounts]
            node.run([*words, "localhost/registry:latest", "serve", f"/etc/registry/{name}.yml"])
        proxy = ["python3", f"{_FOLDER}/proxy.py", f"{_FOLDER}/fail"]
        node.run(["systemd-run", "-q", "--unit=test-registry-proxy", "--collect", *proxy])
        for url in (f"http://{PLAIN}/v2/", f"http://{FAILING}/v2/"):
            node.wait_for(url, lambda url=url: node.run(["curl", "-sf", url], check=False).returncode == 0)
        node.wait_for(SECURE, lambda: node.run(["curl", "-sk", f"https://{SECURE}/v2/"], check=False).returncode == 0)

    def stop(self) -> None:
        self.node.run(["podman", "rm", "-f", "-t", "0", "registry-plain", "registry-secure"], check=False)
        self.node.run(["systemctl", "stop", "test-registry-proxy"], check=False)
        folders = [_FOLDER, f"/etc/containers/certs.d/{SECURE}", "/etc/containers/registries.conf.d/50-test.conf"]
        self.node.run(["rm", "-rf", *folders])

    def push(self, image: str, name: str) -> str:
        """To both, as NAME; returns the digest. What the node has of it under that name is removed."""
        for at in (PLAIN, SECURE):
            words = ["podman", "push", "-q", "--digestfile=/run/digest"]
            if at == SECURE:
                words.append(f"--creds={USER}:{PASSWORD}")
            self.node.run([*words, image, f"{at}/{name}"])
        return self.node.read("/run/digest").strip()

    def large(self, name: str, size: int) -> None:
        """Pushes an image with so many bytes that cannot be packed."""
        script = f"""
            set -e
            head -c {size} /dev/urandom > /root/large
            id=$(podman create localhost/busybox:latest true)
            podman cp /root/large $id:/large
            podman commit -q $id localhost/large:latest
            podman rm $id
            podman push -q localhost/large:latest {PLAIN}/{name}
            podman rmi localhost/large:latest
            rm /root/large"""
        self.node.run(["sh", "-c", script], timeout=120)

    def fail(self, does: bool) -> None:
        self.node.run(["touch" if does else "rm", f"{_FOLDER}/fail"])


def secret(name: str, password: str = PASSWORD) -> dict[str, Any]:
    """A Secret for the registry that asks."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    content = json.dumps({"auths": {SECURE: {"auth": auth}}}).encode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(content).decode()},
    }


def _certificate() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return built.public_bytes(pem).decode(), private.decode()
