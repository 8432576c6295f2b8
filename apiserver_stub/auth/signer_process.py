"""The program that signs: reads messages (4 bytes of length before each) and writes their signatures likewise."""

import signal
import sys
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def run(key_file: Path, source: BinaryIO, sink: BinaryIO) -> None:
    """Until the source ends."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    while length := source.read(4):
        signature = key.sign(source.read(int.from_bytes(length)), padding.PKCS1v15(), hashes.SHA256())
        sink.write(len(signature).to_bytes(4) + signature)
        sink.flush()


if __name__ == "__main__":
    # Control-C on a terminal is for the server, which ends this by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
