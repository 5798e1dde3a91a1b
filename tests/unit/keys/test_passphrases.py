"""Tests for keys/passphrases.py."""

import base64
import secrets
from random import Random

import pytest

from keys.passphrases import DRAWN_COST, RANDOM_BYTES, USUAL_COST, cost_of, draw_passphrase


def test_a_drawn_passphrase_has_256_bits_and_is_not_stretched() -> None:
    drawn = [draw_passphrase(Random(seed).randbytes) for seed in range(2000)]  # noqa: S311 - only its form is looked at

    assert {cost_of(each) for each in drawn} == {DRAWN_COST}
    assert {len(base64.urlsafe_b64decode(each)) for each in drawn} == {RANDOM_BYTES} == {256 // 8}
    assert draw_passphrase(secrets.token_bytes) != draw_passphrase(secrets.token_bytes)


DRAWN = draw_passphrase(Random(7).randbytes)  # noqa: S311 - only its form is looked at


@pytest.mark.parametrize(
    "chosen",
    [
        b"four words of dice",
        b"correct-horse-battery-staple-and-more-words=",
        b"a" * 43 + b"=",
        b"abcabcabcabcabcabcabcabcabcabcabcabcabcabca=",
        DRAWN[:-1],
        DRAWN + b"\n",
        DRAWN[:20] + b" " + DRAWN[21:],
        base64.b64encode(b"\xfb" + base64.urlsafe_b64decode(DRAWN)[1:]),
        DRAWN * 2,
        base64.urlsafe_b64encode(b"Welcome to the seal office 2026\n"),
        "四个骰子的词".encode(),
        b"",
    ],
)
def test_whatever_else_is_a_passphrase_is_stretched(chosen: bytes) -> None:
    assert cost_of(chosen) == USUAL_COST
