"""Runs in a virtual machine, with the system's own Python: one JSON line in, one JSON line out, over a virtio port.

Asked {"id", "argv", "stdin"?, "timeout", "env"?}; answers {"id", "code", "stdout", "stderr"}, code null for "too late".
"""

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PORT = "ukube.agent"


def device() -> str:
    """The port's device, found without udev."""
    for entry in sorted(Path("/sys/class/virtio-ports").iterdir()):
        if (entry / "name").read_text().strip() == PORT:
            return f"/dev/{entry.name}"
    raise SystemExit(f"no virtio port {PORT}")


def run(wanted: dict[str, Any]) -> dict[str, Any]:
    given = wanted.get("stdin")
    try:
        done = subprocess.run(
            wanted["argv"],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            timeout=wanted["timeout"],
            env={**os.environ, **(wanted.get("env") or {})},
        )
    except FileNotFoundError as error:
        return {"id": wanted["id"], "code": 127, "stdout": "", "stderr": str(error)}
    except subprocess.TimeoutExpired:
        return {"id": wanted["id"], "code": None, "stdout": "", "stderr": ""}
    return {"id": wanted["id"], "code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def main() -> None:
    lock = threading.Lock()
    with Path(device()).open("r+b", buffering=0) as port:

        def answer(wanted: dict[str, Any]) -> None:
            line = json.dumps(run(wanted)).encode() + b"\n"
            with lock:
                while line:
                    line = line[port.write(line) :]

        rest = b""
        while True:
            chunk = port.read(65536)
            if not chunk:
                time.sleep(0.1)  # nobody has the other end open
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


if __name__ == "__main__":
    main()
