"""What is sealed opens for its key, use and owner alone."""

from __future__ import annotations

import pytest

from coterie.errors import DataError
from coterie.privacy.keys import Keys
from coterie.privacy.sealing import is_signed, public_key, seal, sign, unseal

OLD, NEW = bytes(32), bytes(range(32))


def test_the_same_text_is_sealed_differently_each_time_and_opens() -> None:
    keys = Keys((OLD,))
    one, two = (seal(keys, "map", "Zoë", owner="p1") for _ in range(2))
    assert one != two
    assert {unseal(keys, "map", text, owner="p1") for text in (one, two)} == {"Zoë"}


def test_a_former_key_still_opens() -> None:
    sealed = seal(Keys((OLD,)), "map", "x")
    assert unseal(Keys((NEW, OLD)), "map", sealed) == "x"


@pytest.mark.parametrize(
    ("keys", "use", "owner"),
    [(Keys((NEW,)), "map", "p1"), (Keys((OLD,)), "log", "p1"), (Keys((OLD,)), "map", "p2")],
)
def test_another_key_use_or_owner_does_not_open(keys: Keys, use: str, owner: str) -> None:
    sealed = seal(Keys((OLD,)), "map", "x", owner="p1")
    with pytest.raises(DataError, match="another key"):
        unseal(keys, use, sealed, owner=owner)


def test_a_signature_tells_by_which_key() -> None:
    signed = sign(Keys((NEW, OLD)), "certificate", {"n": 1})
    assert is_signed(signed)
    assert public_key(Keys((NEW, OLD)), "certificate")[0] == signed["public_key"]
