"""Secret keys of a project or a server, and what is derived from them.

One secret is kept; each use has a key of its own derived from it, so that what is made for
one use tells nothing of another. The file is a list: the newest key makes, all of them read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coterie.errors import DataError

FILE = "secret.key"
VARIABLE = "COTERIE_SECRET_FILE"
"""Names the file when it does not lie beside the data."""
_BYTES = 32


@dataclass(frozen=True, repr=False)
class Keys:
    """Secrets of 32 bytes, the newest first.

    Parameters
    ----------
    secrets : tuple of bytes
        At least one.

    Examples
    --------
    >>> keys = Keys((bytes(32),))
    >>> keys.mac("audit", "c1")[:16]
    '3b65d560f3075b45'
    >>> keys.mac("tombstone", "c1") == keys.mac("audit", "c1")
    False
    """

    secrets: tuple[bytes, ...]

    def derive(self, use: str, *, age: int = 0) -> bytes:
        """Return the 32 bytes of key for one use: HKDF-SHA256 (RFC 5869) without salt.

        Parameters
        ----------
        use : str
            What it is for.
        age : int, optional
            0 for the newest secret, 1 for the one before.

        Returns
        -------
        bytes
            The same for the same secret and use.
        """
        extracted = hmac.digest(bytes(_BYTES), self.secrets[age], "sha256")
        return hmac.digest(extracted, use.encode() + b"\x01", "sha256")

    def mac(self, use: str, text: str) -> str:
        """Return the HMAC-SHA256 of a text under the newest key of a use, in hex."""
        return hmac.digest(self.derive(use), text.encode(), hashlib.sha256).hex()

    def macs(self, use: str, text: str) -> tuple[str, ...]:
        """Return the HMAC of a text under each key of a use, the newest first."""
        return tuple(
            hmac.digest(self.derive(use, age=age), text.encode(), hashlib.sha256).hex()
            for age in range(len(self.secrets))
        )


def unguessable(count: int = _BYTES) -> bytes:
    """Return bytes that nobody can guess: for keys, tokens and nonces."""
    return secrets.token_bytes(count)


def open_keys(folder: Path, environment: Mapping[str, str] = os.environ) -> Keys:
    """Read the keys of a folder; the first time they are made.

    Parameters
    ----------
    folder : Path
        Where ``secret.key`` lies, unless ``COTERIE_SECRET_FILE`` names another file.
    environment : mapping, optional
        Of the process.

    Returns
    -------
    Keys
        The newest first.

    Raises
    ------
    DataError
        If the file holds no keys.
    """
    path = key_file(folder, environment)
    try:
        return _read(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, (unguessable(),))
        return _read(path)  # of two that made one at once, the first stays


def existing_keys(folder: Path, environment: Mapping[str, str] = os.environ) -> Keys | None:
    """Read the keys of a folder, or return None: what was made by a key needs that very one."""
    try:
        return _read(key_file(folder, environment))
    except FileNotFoundError:
        return None


def key_file(folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the keys of a folder lie, or would."""
    return Path(environment.get(VARIABLE) or folder / FILE)


def rotate(folder: Path, environment: Mapping[str, str] = os.environ) -> Keys:
    """Put a new key in front of those of a folder, and return all."""
    path = key_file(folder, environment)
    former = open_keys(folder, environment).secrets
    partial = path.with_name(f".tmp-{path.name}-{unguessable(4).hex()}")
    _write(partial, (unguessable(), *former))
    partial.replace(path)
    return _read(path)


def _read(path: Path) -> Keys:
    lines = path.read_text("ascii").split()
    try:
        found = tuple(bytes.fromhex(line) for line in lines)
    except ValueError:
        found = ()
    if not found or any(len(one) != _BYTES for one in found):
        raise DataError(
            f"{path} holds no keys.",
            allowed="a line of 64 hexadecimal digits for each key, the newest first",
            hint="Bring it back from where secrets are kept; what it made cannot be read without.",
        )
    return Keys(found)


def _write(path: Path, keys: tuple[bytes, ...]) -> None:
    partial = path.with_name(f".tmp-{path.name}-{unguessable(4).hex()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("".join(f"{key.hex()}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        partial.unlink()
