"""Passwords: Argon2id, a few at a time, and as slow for who is not there as for who is."""

from __future__ import annotations

import base64
import re
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coterie.errors import ParameterError
from coterie.privacy.keys import unguessable

SHORTEST, LONGEST = 12, 1_000
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each check takes 64 MB of memory: many at once must not take all of it."""
_HASHER = PasswordHasher()
_NOBODYS = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    f"${'A' * 22}${'A' * 43}"
)
"""The hash of no password: to be compared with when there is none."""
_WORDS = (
    "123456 1234567890 password passwort qwerty qwertyuiop azerty abc123 abcdef letmein iloveyou "
    "welcome willkommen admin administrator monkey dragon sunshine princess football baseball "
    "superman batman trustno master shadow michael jennifer secret geheim changeme hello login "
    "starwars whatever freedom coterie correcthorsebatterystaple asdfghjkl zxcvbnm 1q2w3e4r5t6y "
    "0987654321 987654321 112233 121212 101010 123123 123321 654321 666666 111111 000000 aaaaaa"
)
"""Words that, however often repeated or with what few signs, are tried first by everybody."""


def check_password(password: str, *about: str) -> str:
    """Return a password that will do.

    Parameters
    ----------
    password : str
        As it was typed.
    *about : str
        What is known of its owner: e-mail, name.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ParameterError
        If it is short, or of what everybody tries first.

    Examples
    --------
    >>> check_password("a lamp over the stairs")
    'a lamp over the stairs'
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ParameterError(
            f"The password has {len(password)} characters.",
            allowed=f"{SHORTEST} to {LONGEST:,} characters; a short sentence is good",
            where="password",
        )
    rest = plain = "".join(char for char in password.lower() if char.isalnum())
    own = [part for text in about for part in re.findall(r"\w{4,}", text.lower())]
    for word in sorted({*_WORDS.split(), *own}, key=len, reverse=True):
        rest = rest.replace(word, "")
    # What is left beside common words and digits in a row must be something of one's own.
    if len(set(plain)) < 5 or len(rest.strip("0123456789")) < 4:
        raise ParameterError(
            "This password is one that everybody tries first.",
            hint="Take a few words that do not belong together.",
            where="password",
        )
    return password


def hash_password(password: str) -> str:
    """Return what is kept of a password: Argon2id with a salt of its own."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Say whether a password is the one that was kept; without one it takes as long, and is not."""
    with _AT_ONCE:
        try:
            _HASHER.verify(kept or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def is_old(kept: str) -> bool:
    """Say whether a password is kept in a way that is no longer that of today."""
    return _HASHER.check_needs_rehash(kept)


def new_password() -> str:
    """Return a password that nobody can guess, to be changed at the first sign-in."""
    return base64.b32encode(unguessable(15)).decode().lower()
