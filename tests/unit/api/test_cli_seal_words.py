"""Grants as people read them at a terminal: what for, and until which day."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.cli.screen import Screen
from api.cli.seal_words import grant_row
from api.environment import Language
from api.seal_intake import ends_before
from registry.seal_lifecycle import GrantState
from registry.seal_records import GrantTerms, SealGrant

BEGINS = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
OFFICE = "119999990000000511"


def row(language: Language = "zh", **terms: Any) -> tuple[str, ...]:
    """Return the row of a grant with these terms."""
    usual = {"office": OFFICE, "types": frozenset(), "items": {}, "valid_from": BEGINS, "valid_until": BEGINS}
    grant = SealGrant(
        grant_id="11990000000001-0001",
        code="11990000000001",
        terms=GrantTerms(**{**usual, **terms}),
        uses_taken=2,
        state=GrantState.GRANTED,
        granted_by="keeper",
        granted_at=BEGINS,
        withdrawn_at=None,
    )
    return grant_row(grant, Screen(language=language))


@pytest.mark.parametrize(("language", "day"), [("zh", "2026年12月31日"), ("en", "31 December 2026")], ids=["zh", "en"])
def test_a_grant_until_a_day_shows_that_day_and_not_the_next_one(language: Language, day: str) -> None:
    assert row(language, valid_until=ends_before(date(2026, 12, 31)))[4] == day


def test_a_grant_that_ends_within_a_day_shows_the_moment() -> None:
    assert row(valid_until=BEGINS)[4] == "2026年11月26日 09:30"


@pytest.mark.parametrize(
    ("terms", "zh", "en"),
    [
        ({"documents_basis": "公文处理条例"}, ("公文", ""), ("documents", "")),
        ({"types": frozenset({"a", "b"}), "items": {"x": "law"}}, ("2", "1"), ("2", "1")),
        (
            {"types": frozenset({"a"}), "items": {"x": "law"}, "documents_basis": "公文处理条例"},
            ("1 + 公文", "1"),
            ("1 + documents", "1"),
        ),
    ],
    ids=["documents", "licences", "both"],
)
def test_a_grant_says_what_it_is_for(terms: dict[str, Any], zh: tuple[str, str], en: tuple[str, str]) -> None:
    assert row("zh", **terms)[2:4] == zh
    assert row("en", **terms)[2:4] == en
