"""Mandates: one spelling in DER, texts of sane length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.mandate import Mandate, MandateError

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
GOOD = Mandate(item_code="12441500196720244T3442199806003", legal_basis="食品安全法第三十五条", role="issuing_officer")


@given(TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
def test_each_mandate_reads_back(legal_basis: str, role: str, item_code: str | None, grant: str | None) -> None:
    mandate = Mandate(item_code=item_code, legal_basis=legal_basis, role=role, grant=grant)

    assert Mandate.decode(mandate.encode()) == mandate


def test_the_encoding_is_the_sequence_of_its_page() -> None:
    mandate = Mandate(item_code="c", legal_basis="a", role="b", grant="d")

    assert mandate.encode().hex() == "300c" + "0c0161" + "0c0162" + "800163" + "810164"


@given(st.integers(0, len(GOOD.encode()) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_gives_another_mandate(place: int, change: int) -> None:
    changed = bytearray(GOOD.encode())
    changed[place] ^= change

    try:
        mandate = Mandate.decode(bytes(changed))
    except MandateError:
        return

    assert mandate.encode() == bytes(changed)


@pytest.mark.parametrize(
    "der",
    [
        "",
        "3000",
        "30060c01610c0162ff",
        "3081060c01610c0162",  # a length longer than needed
        "30060c01610c01",
        "30060c0161020101",
        "30050c01610c00",
        "30090c01610c0162810164800163",
        "30060c01ff0c0162",
        "3080" + "0c0161" + "0c0162" + "0000",
        "30" * 2000,
    ],
)
def test_what_we_would_not_write_is_refused(der: str) -> None:
    with pytest.raises(MandateError):
        Mandate.decode(bytes.fromhex(der))


@pytest.mark.parametrize(
    "change", [{"role": ""}, {"legal_basis": "法" * 201}, {"item_code": ""}, {"grant": "x" * 201}, {"role": "\ud800"}]
)
def test_texts_that_do_not_fit_are_refused(change: dict[str, str]) -> None:
    texts: dict[str, str | None] = {"item_code": None, "legal_basis": "法", "role": "x"} | change

    with pytest.raises(MandateError):
        Mandate(**texts)  # type: ignore[arg-type]


def test_a_mandate_that_would_not_fit_the_hole_is_refused() -> None:
    with pytest.raises(MandateError):
        Mandate(item_code="法" * 150, legal_basis="法" * 150, role="法" * 150)
