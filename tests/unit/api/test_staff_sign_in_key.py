"""The key of sign-in: made once, closed to others, and good for nothing but what it was used for."""

import os
from pathlib import Path

import pytest

from api.staff.errors import SignInKeyError
from api.staff.sign_in_key import open_sign_in_key
from tests.mutations import last_bit_changed


def test_the_key_is_made_at_first_use_and_read_by_nobody_else(tmp_path: Path) -> None:
    first, again = (open_sign_in_key(tmp_path, os.urandom) for _ in range(2))

    assert again.open(first.seal(b"secret", owner="clerk"), owner="clerk") == b"secret"
    assert again.mark("device") == first.mark("device")
    assert (tmp_path / "sign-in.key").stat().st_mode & 0o077 == 0


def test_what_was_sealed_opens_for_its_owner_and_whole_only(tmp_path: Path) -> None:
    key = open_sign_in_key(tmp_path, os.urandom)
    sealed = key.seal(b"secret", owner="clerk")

    assert key.seal(b"secret", owner="clerk") != sealed, "two seals of one secret tell nothing of each other"
    assert b"secret" not in sealed
    assert key.open(sealed, owner="another") is None
    for changed in (b"", sealed[:11], sealed[:-1], last_bit_changed(sealed)):
        assert key.open(changed, owner="clerk") is None


def test_a_mark_is_of_one_text_and_one_deployment(tmp_path: Path) -> None:
    key = open_sign_in_key(tmp_path, os.urandom)
    (tmp_path / "other").mkdir()
    other = open_sign_in_key(tmp_path / "other", os.urandom)

    assert key.has_marked("device clerk 1", key.mark("device clerk 1"))
    for text, mark in (
        ("device clerk 2", key.mark("device clerk 1")),
        ("device clerk 1", other.mark("device clerk 1")),
        ("device clerk 1", "\u00e9"),
        ("device clerk 1", ""),
    ):
        assert not key.has_marked(text, mark)


def test_a_key_that_others_can_read_or_that_is_cut_short_stops_the_start(tmp_path: Path) -> None:
    open_sign_in_key(tmp_path, os.urandom)
    file = tmp_path / "sign-in.key"
    file.chmod(0o644)
    with pytest.raises(SignInKeyError):
        open_sign_in_key(tmp_path, os.urandom)

    file.chmod(0o600)
    file.write_bytes(bytes(31))
    with pytest.raises(SignInKeyError):
        open_sign_in_key(tmp_path, os.urandom)
