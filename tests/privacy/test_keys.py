"""Tests of secret keys."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from coterie.errors import DataError
from coterie.privacy.keys import Keys, open_keys, rotate


def test_keys_are_derived_as_the_standard_says() -> None:
    secret = bytes(range(32))
    standard = HKDF(SHA256(), 32, salt=None, info=b"audit").derive(secret)
    assert Keys((secret,)).derive("audit") == standard


def test_the_first_opening_makes_keys_that_only_their_owner_reads(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, {})
    assert open_keys(tmp_path, {}) == keys
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_many_that_open_at_once_have_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_keys(tmp_path, {}), range(32)))
    assert len(set(found)) == 1


def test_a_file_named_by_the_environment_is_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept" / "apart.key"
    keys = open_keys(tmp_path / "project", {"COTERIE_SECRET_FILE": str(elsewhere)})
    assert elsewhere.exists()
    assert open_keys(tmp_path, {"COTERIE_SECRET_FILE": str(elsewhere)}) == keys


def test_rotation_makes_with_the_new_key_and_reads_with_all(tmp_path: Path) -> None:
    former = open_keys(tmp_path, {})
    keys = rotate(tmp_path, {})
    assert keys.secrets[1:] == former.secrets
    assert keys.mac("audit", "c1") != former.mac("audit", "c1")
    assert keys.macs("audit", "c1")[1] == former.mac("audit", "c1")
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "abc\n", "0" * 62 + "\n"])
def test_a_file_without_keys_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.key").write_text(text)
    with pytest.raises(DataError, match="holds no keys"):
        open_keys(tmp_path, {})


def test_keys_are_never_shown() -> None:
    assert "00" not in repr(Keys((bytes(32),)))
