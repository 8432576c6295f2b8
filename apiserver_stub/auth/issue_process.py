"""The program that issues while the server runs: reads what is wanted as JSON, ends with a sentence if it can't."""

import os
import sys
from pathlib import Path

import orjson

from apiserver_stub.auth import pki


def run(request: bytes) -> None:
    """request: directory and leaves. Raises pki.PkiError, ValueError."""
    wanted = orjson.loads(request)
    leaves = [pki.Leaf(**leaf | {"names": tuple(leaf["names"])}) for leaf in wanted["leaves"]]
    pki.ensure(Path(wanted["directory"]), leaves, in_child=False, now=wanted["now"], days=wanted["days"])


if __name__ == "__main__":
    os.umask(0o077)
    try:
        run(sys.stdin.buffer.read())
    except (pki.PkiError, ValueError) as error:
        sys.exit(str(error))
