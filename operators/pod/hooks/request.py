"""Makes the request of a lifecycle hook, without the operator: hook.sh calls it, at shutdown and after a boot too.

Installed beside `probes/http1.py`, so nothing but the standard library may be imported. argv: the file of
operators.pod.hooks.words.requests. Exit code 0: there was an answer, whatever it says; 1: there was none;
3: there was one, but by HTTP instead of HTTPS.
"""

import json
import socket
import sys
from pathlib import Path

from operators.pod.probes import http1
from operators.pod.probes.http1 import Answer, Malformed, Target

_AGENT = "kube-lifecycle/1.36"
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 10
_FELL_BACK = 3
_MAX_RECEIVED = 256 * 1024


class NotTls(OSError):
    """The server answered a TLS handshake with HTTP."""


def main(argv: list[str]) -> int:
    wanted = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    headers = [(str(name), str(value)) for name, value in wanted["headers"]]
    where = http1.target(wanted["scheme"], wanted["host"], wanted["port"], wanted["path"])
    try:
        if wanted["fault"]:
            raise Malformed(wanted["fault"])
        try:
            follow(where, headers)
        except NotTls:
            plain = Target("http", where.host, where.port, where.path)
            follow(plain, [header for header in headers if header[0].lower() != "authorization"])
            sys.stdout.write(where.authority)
            return _FELL_BACK
    except (OSError, ValueError) as error:
        sys.stderr.write(f'Get "{where.url}": {error}\n')
        return 1
    return 0


def follow(where: Target, headers: list[tuple[str, str]]) -> None:
    """GET, and what it leads to on the same host. Raises OSError, ValueError."""
    host = where.host
    for _ in range(_MAX_REDIRECTS):
        answer = get(where, headers)
        location = answer.location if answer.status in _REDIRECTS else ""
        if not location:
            return
        next_ = http1.redirected(where, location)
        if next_.host != host:
            return
        if "://" in location or location.startswith("//"):
            headers = [header for header in headers if header[0].lower() != "host"]
        where = next_
    raise Malformed("stopped after 10 redirects")


def get(where: Target, headers: list[tuple[str, str]]) -> Answer:
    """One exchange, without a time limit: hook.sh has one."""
    text = http1.request(where, headers, _AGENT)
    answer, received = Answer(), 0
    with socket.create_connection((where.host, where.port)) as plain:
        connection = _secure(plain, where.host) if where.scheme == "https" else plain
        connection.sendall(text)
        while not answer.is_done:
            data = connection.recv(16384)
            if not data:
                if not answer.end():
                    raise ConnectionError("EOF")
                break
            received += len(data)
            if received > _MAX_RECEIVED:
                break
            answer.receive(data)
    return answer


def _secure(plain: socket.socket, host: str) -> socket.socket:
    """TLS with whoever answers, as kubelet does."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLError as error:
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            raise NotTls("http: server gave HTTP response to HTTPS client") from error
        raise
