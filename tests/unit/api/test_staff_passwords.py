"""Passwords: the same work for every answer, and no new one that is guessed early."""

import os
from time import process_time

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from api.staff.errors import PasswordWeakError
from api.staff.passwords import LENGTH_MAX, Passwords, demand_strong

PASSWORD = "三人行必有我师焉 und ein Caf\u00e9"
PASSWORDS = Passwords(os.urandom)
KEPT = PASSWORDS.hash(PASSWORD)


def test_a_password_fits_its_own_hash_in_either_spelling_and_no_other() -> None:
    assert extract_parameters(KEPT) == RFC_9106_LOW_MEMORY
    assert PASSWORDS.fits(KEPT, PASSWORD.replace("\u00e9", "e\u0301")), "as another keyboard sends it"
    assert not PASSWORDS.fits("no hash at all", PASSWORD)


def test_an_unknown_account_costs_as_much_as_a_wrong_password() -> None:
    """Processor time, so that other programs on the machine count for little; a hash takes some tenths of a second."""
    spent: dict[str | None, list[float]] = {None: [], KEPT: []}
    for kept in (None, KEPT):
        begun = process_time()
        assert not PASSWORDS.fits(kept, "another password")
        spent[kept].append(process_time() - begun)

    assert 0.5 < min(spent[None]) / min(spent[KEPT]) < 2
    assert extract_parameters(PASSWORDS._nobodys) == RFC_9106_LOW_MEMORY


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "elf Zeichen",
        "password1234",
        "PASSWORD-123456",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "wangfang-wangfang-wangfang",
        "a" * LENGTH_MAX + "bcdef",
    ],
)
def test_a_password_that_is_guessed_early_is_refused(weak: str) -> None:
    with pytest.raises(PasswordWeakError) as refused:
        demand_strong(weak, person_id="wangfang")

    assert refused.value.params == {"min": "12", "max": "128"}


def test_length_alone_makes_a_good_password() -> None:
    for good in (PASSWORD, "correct horse battery", "k7#Qz!p2Lm@x", "春眠不觉晓处处闻啼鸟夜来"):
        demand_strong(good, person_id="wangfang")
