"""The server's side of TLS, with certificates that can be renewed under it."""

import ssl
from pathlib import Path

from apiserver_stub.auth import strangers


def serving(directory: Path) -> ssl.SSLContext:
    """Shows the serving certificate; takes tokens and anonymous requests without a client's certificate.

    Whoever shows one shows one of the node's CA: any other is answered with 401, where Python lets us, else the
    handshake fails.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 0
    _load(context, directory, "serving")
    strangers.answer(context)
    return context


def client(directory: Path, file: str) -> ssl.SSLContext:
    """Trusts the node's CA alone and shows the certificate `file`."""
    context = ssl.create_default_context(cafile=str(directory / "ca.crt"))
    context.load_cert_chain(directory / f"{file}.crt", directory / f"{file}.key")
    return context


def renew(context: ssl.SSLContext, directory: Path, file: str = "serving") -> None:
    """New connections use the files as they are now; those that are open keep what they have.

    Raises OSError and ssl.SSLError, then the context is as it was.
    """
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), directory, file)
    _load(context, directory, file)


def _load(context: ssl.SSLContext, directory: Path, file: str) -> None:
    context.load_cert_chain(directory / f"{file}.crt", directory / f"{file}.key")
    context.load_verify_locations(directory / "ca.crt")
