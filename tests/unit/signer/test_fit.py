"""What does not fit page or code is named with its field before anything is reserved, logged or signed."""

from dataclasses import replace
from pathlib import Path

import pytest

from registry import drafts, leaves
from registry.db import reading
from registry.records import DraftState, LicenceDraft
from signer.desk import DeskSettings
from signer.fit import fit_problems
from signer.issue import issue
from signer.page.folders import OWN_TEMPLATES
from signer.page.press import Press
from signer.reservation import reserve
from tests.town import HOST, ORIGIN, SIGNBOARD, Town, press
from verify.errors import FieldProblem, InvalidFieldsError
from verify.licence import HolderKind
from verify.qr_text import HOST_LENGTH_MAX

FIRE = "11999999000000019M006"
LATIN = "Sample Trading and Catering Services Holding Company of the New Harbour District " * 2
LONG_HOST = ".".join(["a" * 60] * 4)


def _found(town: Town, draft: LicenceDraft, *, with_press: Press | None = None, host: str = HOST) -> list[FieldProblem]:
    office, licence_type = town.offices[draft.issuer], town.types[draft.type_code]
    return list(fit_problems(draft, licence_type, office, press=with_press or press(), host=host, at=town.now))


def test_complete_drafts_of_all_twelve_types_fit(sqlite_town: Town) -> None:
    found = {code: _found(sqlite_town, sqlite_town.draft(code)) for code in sqlite_town.types}

    assert found == {code: [] for code in sqlite_town.types}


def test_a_text_that_does_not_fit_its_box_is_named_with_all_that_share_the_box(sqlite_town: Town) -> None:
    draft = sqlite_town.draft(FIRE, holder_name=LATIN[:150].strip())

    assert _found(sqlite_town, draft) == [
        FieldProblem(field="holder_name", code="page.text_overflow"),
        FieldProblem(field="holder_code", code="page.text_overflow"),
    ]


def test_a_code_that_no_qr_code_holds_is_blamed_on_the_name_or_on_the_number_that_was_given(
    sqlite_town: Town,
) -> None:
    draft = sqlite_town.signboard_draft(holder_name="示" * 53)
    assert len(LONG_HOST) <= HOST_LENGTH_MAX

    for number, field in ((None, "holder_name"), ("号" * 20, "number")):
        assert _found(sqlite_town, replace(draft, number=number), host=LONG_HOST) == [
            FieldProblem(field=field, code="qr.too_long")
        ]
    assert _found(sqlite_town, draft) == []


def test_the_number_is_taken_as_long_as_it_can_become(sqlite_town: Town) -> None:
    licence_type = replace(sqlite_town.types[SIGNBOARD], number_format="号" * 80 + "{serial:12}")
    draft = sqlite_town.signboard_draft(holder_name="示" * 53)
    office = sqlite_town.offices[draft.issuer]

    (problem,) = fit_problems(draft, licence_type, office, press=press(), host=HOST, at=sqlite_town.now)

    assert (problem.field, problem.code) == ("holder_name", "token.too_long")


def test_an_offices_name_that_cannot_be_printed_is_blamed_on_the_type_and_no_field(sqlite_town: Town) -> None:
    draft = sqlite_town.signboard_draft()
    licence_type = sqlite_town.types[SIGNBOARD]
    odd = replace(sqlite_town.bureau, name="示例\ue000局")
    long = replace(sqlite_town.bureau, name="示例市行政审批服务局" * 19)

    (character,) = fit_problems(draft, licence_type, odd, press=press(), host=HOST, at=sqlite_town.now)
    (room,) = fit_problems(draft, licence_type, long, press=press(), host=HOST, at=sqlite_town.now)

    assert (character.field, character.code, character.params) == (
        "type_code",
        "page.character_missing",
        {"characters": "U+E000"},
    )
    assert (room.field, room.code) == ("type_code", "page.text_overflow")
    assert "ZZBFJG" in room.params["names"]


@pytest.mark.parametrize("saved_before", [True, False])
def test_what_does_not_fit_is_refused_before_a_number_is_spent_or_anything_is_logged(
    town: Town, *, saved_before: bool
) -> None:
    draft = town.draft(FIRE, holder_name=LATIN[:150].strip())
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    if saved_before:
        (record,) = town.saves([draft])
        reserved, (refused,) = reserve(town.desk, [record], operator=town.officer_of(draft.issuer), at=town.now)
        error, kept = refused.error, record.draft_id
        assert reserved == ()
    else:
        with pytest.raises(InvalidFieldsError) as caught:
            issue(town.desk, draft, operator=town.officer_of(draft.issuer), at=town.now)
        error = caught.value
        with reading(town.database) as tx:
            (found,) = drafts.list_drafts(tx, draft.issuer, state=DraftState.DRAFT, after=None, limit=2)
        kept = found.draft_id

    assert isinstance(error, InvalidFieldsError)
    assert [each.code for each in error.problems] == ["page.text_overflow"] * 2
    with reading(town.database) as tx:
        assert drafts.find_draft(tx, kept).number is None
        assert leaves.head(tx, ORIGIN).size == size


def test_a_person_is_judged_by_the_masked_name_that_the_code_shows(sqlite_town: Town) -> None:
    draft = sqlite_town.teacher_draft(holder_name="示" * 53)
    of_organisation = replace(draft, holder_kind=HolderKind.ORGANISATION)
    host = LONG_HOST[:182]

    assert [each.code for each in _found(sqlite_town, of_organisation, host=host)] == ["qr.too_long"]
    assert _found(sqlite_town, draft, host=host) == []


def test_a_desk_with_a_host_too_long_refuses_before_the_log_too(sqlite_town: Town) -> None:
    town = sqlite_town
    settings = DeskSettings(host=LONG_HOST, status_prefix=f"https://{LONG_HOST}/status/")
    draft = town.signboard_draft(holder_name="示" * 53)
    (record,) = town.saves([draft])

    _, (refused,) = reserve(replace(town.desk, settings=settings), [record], operator=town.officer, at=town.now)

    assert isinstance(refused.error, InvalidFieldsError)
    assert [each.code for each in refused.error.problems] == ["qr.too_long"]


def test_an_offices_own_template_decides_what_fits(sqlite_town: Town, tmp_path: Path) -> None:
    draft = sqlite_town.signboard_draft()
    text = (OWN_TEMPLATES / "signboard_permit.toml").read_text(encoding="utf-8")
    box = '\n[[box]]\nkind = "text"\ntext = "{CZZT}{CZZTDM}"\nsize = 4\nx = 20\ny = 20\nwidth = 20\nheight = 4.5\n'
    (tmp_path / "signboard_permit.toml").write_text(text + box, encoding="utf-8")

    found = _found(sqlite_town, draft, with_press=Press.open(templates=[tmp_path]))

    assert [each.field for each in found] == ["holder_name", "holder_code"]
