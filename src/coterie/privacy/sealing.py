"""Texts that only the project's key opens (AES-256-GCM), and words that only it can sign (Ed25519).

Each use has a key of its own, derived from the one secret; what was sealed for one use, or for
one owner, does not open for another.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from coterie.errors import DataError, MissingExtraError
from coterie.privacy.keys import Keys, unguessable

_NONCE = 12


def seal(keys: Keys, use: str, text: str, *, owner: str = "") -> str:
    """Encrypt a text.

    Parameters
    ----------
    keys : Keys
        The newest is used.
    use : str
        What for.
    text : str
        Any.
    owner : str, optional
        Whose it is: it opens only when that is told again.

    Returns
    -------
    str
        Base64 of nonce and ciphertext; different each time.

    Examples
    --------
    >>> keys = Keys((bytes(32),))
    >>> unseal(keys, "map", seal(keys, "map", "17850"))
    '17850'
    """
    return base64.b64encode(seal_bytes(keys, use, text.encode(), owner=owner)).decode("ascii")


def unseal(keys: Keys, use: str, sealed: str, *, owner: str = "") -> str:
    """Decrypt what ``seal`` gave, under any of the keys.

    Parameters
    ----------
    keys : Keys
        All are tried, the newest first.
    use : str
        As for ``seal``.
    sealed : str
        What it gave.
    owner : str, optional
        As for ``seal``.

    Returns
    -------
    str
        The text.

    Raises
    ------
    DataError
        If no key opens it.
    """
    return str(unseal_bytes(keys, use, base64.b64decode(sealed), owner=owner), "utf-8")


def seal_bytes(keys: Keys, use: str, plain: bytes, *, owner: str = "") -> bytes:
    """Encrypt bytes.

    Parameters
    ----------
    keys, use, owner
        As for ``seal``.
    plain : bytes
        Any.

    Returns
    -------
    bytes
        Nonce and ciphertext.
    """
    nonce = unguessable(_NONCE)
    return nonce + bytes(_cipher(keys.derive(use)).encrypt(nonce, plain, owner.encode()))


def unseal_bytes(keys: Keys, use: str, sealed: bytes, *, owner: str = "") -> bytes:
    """Decrypt what ``seal_bytes`` gave.

    Parameters
    ----------
    keys, use, owner
        As for ``unseal``.
    sealed : bytes
        Nonce and ciphertext.

    Returns
    -------
    bytes
        As they were.

    Raises
    ------
    DataError
        If no key opens it.
    """
    from cryptography.exceptions import InvalidTag

    for age in range(len(keys.secrets)):
        cipher = _cipher(keys.derive(use, age=age))
        try:
            return bytes(cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()))
        except InvalidTag:
            continue
    raise DataError(
        "What is encrypted here was encrypted with another key, or was changed since.",
        hint="Bring the project's secret.key back from where keys are kept.",
    )


def sign(keys: Keys, use: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON with the public key and a signature over all the rest.

    Parameters
    ----------
    keys : Keys
        The newest signs.
    use : str
        What for.
    told : mapping
        JSON.

    Returns
    -------
    dict
        With ``public_key`` and ``signature`` in hex.
    """
    ed25519 = _ed25519()
    key = ed25519.Ed25519PrivateKey.from_private_bytes(keys.derive(use))
    whole = {**told, "public_key": key.public_key().public_bytes_raw().hex()}
    return {**whole, "signature": key.sign(_canonical(whole)).hex()}


def is_signed(told: Mapping[str, Any]) -> bool:
    """Return whether what ``sign`` gave was not changed since; by whom, its public key tells.

    Examples
    --------
    >>> signed = sign(Keys((bytes(32),)), "certificate", {"n": 1})
    >>> is_signed(signed), is_signed({**signed, "n": 2}), is_signed({})
    (True, False, False)
    """
    from cryptography.exceptions import InvalidSignature

    whole = {name: what for name, what in told.items() if name != "signature"}
    try:
        public, signature = bytes.fromhex(told["public_key"]), bytes.fromhex(told["signature"])
        key = _ed25519().Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, _canonical(whole))
    except (LookupError, TypeError, ValueError, InvalidSignature):
        return False
    return True


def public_key(keys: Keys, use: str) -> list[str]:
    """Return the public keys by which what a project signed is known, the newest first."""
    private = _ed25519().Ed25519PrivateKey
    return [
        private.from_private_bytes(keys.derive(use, age=age)).public_key().public_bytes_raw().hex()
        for age in range(len(keys.secrets))
    ]


def _canonical(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise MissingExtraError.of("privacy", "Encryption") from error
    return AESGCM(key)


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtraError.of("privacy", "A certificate") from error
    return ed25519
