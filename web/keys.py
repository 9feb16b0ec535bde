"""Keys: the server's own secret and the key of its backups, each made once and never shown."""

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from storage.seals import make_identity, recipient_of
from web.settings import SECRET_LENGTH, Misconfigured, Settings


def server_key(settings: Settings) -> bytes:
    """Return 32 bytes, from CURBSIDE_SECRET or a file made on first use. Raises Misconfigured."""
    if settings.secret is not None:
        return _digest(settings.secret.get_secret_value())
    try:
        prepare_folder(settings.data)
        return _digest(_kept(settings.data / "secret"))
    except OSError as error:
        raise Misconfigured(
            f"CURBSIDE_DATA: {error.filename} cannot be used: {error.strerror}."
        ) from None


def backup_key(settings: Settings) -> Path:
    """Return where the key of the backups is kept, unless another's alone is to read them."""
    return settings.data / "backup.key"


def make_backup_key(path: Path) -> bool:
    """Make the key of the backups, in the form of age's own; return False where there is one."""
    if path.exists():
        return False
    identity = make_identity()
    _make(path, f"# The key of Curbside's backups, for {recipient_of(identity)}\n{identity}\n")
    return True


def read_backup_key(path: Path) -> str | None:
    """Return the key in a file, as age and Curbside write it, or None where there is none."""
    text = path.read_text(errors="replace") if path.exists() else ""
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            recipient_of(line.strip())
            return line.strip()
    return None


def cluster_of(key: bytes) -> str:
    """Return a name that servers of one key share, and nobody else who uses the same Redis."""
    return f"curbside:{hashlib.blake2b(b'cluster', key=key, digest_size=8).hexdigest()}"


def prepare_folder(folder: Path) -> None:
    """Make the folder of the data, for its owner alone. Raises Misconfigured."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"CURBSIDE_DATA: {folder} cannot be used: {error.strerror}.") from None


def _kept(path: Path) -> str:
    if not path.exists():
        _make(path, secrets.token_hex(32))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(f"{path}: others may read it; run chmod 600 {path}.")
    secret = path.read_text().strip()
    if len(secret) < SECRET_LENGTH:
        raise Misconfigured(f"{path}: too short; delete it, and a new one is made.")
    return secret


def _make(path: Path, text: str) -> None:
    """Write a new file whole, or leave the one that another process has just written."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
