"""python -m apiserver_stub: the API server in the foreground."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys

from apiserver_stub import footprint, settings


def main() -> int:
    """Runs until SIGTERM or SIGINT. The exit code is 1, after one sentence on stderr, where it can't start."""
    chosen = settings.parse()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    os.umask(0o077)
    footprint.shrink()
    # After the command line: --help and mistakes answer at once.
    with footprint.without_system_certificates():
        from apiserver_stub import app

    try:
        built = app.build(chosen)
        # What has been loaded stays: the collector need not look at it again.
        gc.freeze()
        asyncio.run(_run(built))
    except app.StartError as error:
        print(f"apiserver_stub: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _run(built: "object") -> None:
    from apiserver_stub import app

    assert isinstance(built, app.App)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await built.start()
        print(f"API server ready on {built.url}, kubeconfig {built.settings.kubeconfig}", flush=True)  # noqa: T201
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
    finally:
        await built.stop()


def notify(state: str) -> None:
    """Tells systemd, where it asked to be told (see sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError as error:
            logging.getLogger(__name__).warning("systemd could not be told %s: %s", state, error)


if __name__ == "__main__":
    sys.exit(main())
