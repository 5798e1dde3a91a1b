"""What a check asks of our own records beside the licence's row: the permits of a combined licence, the log's entry."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from api.checking import check_file, check_id
from registry.db import transaction
from registry.logged import NOTHING, kept_leaf
from tests.hall import Hall
from tests.town import ORIGIN
from verify.report import Check
from verify.verdict import Verdict

COMBINED = "11999999000000019M008"


def test_a_combined_licence_names_those_of_its_permits_that_ended(hall: Hall) -> None:
    """Permits of others, and numbers that are none of ours, say nothing."""
    town = hall.town
    revoked, over, other = hall.issues(), hall.issues(), hall.issues(holder_code="91999999MA0000023Y")
    near = hall.issues(valid_until=(town.now + timedelta(days=20)).date())
    draft = town.draft(COMBINED)
    lines = [
        f"户外招牌设置许可证 {revoked['number']} 有效期至2028年11月23日",
        f"户外招牌设置许可证，{over['number']}",
        f"户外招牌设置许可证 {other['number']}",
        f"户外招牌设置许可证 {near['number']}；另有说明",
        "公共场所卫生许可证 卫公证字〔2026〕第000800号 有效期至2030年6月30日",
    ]
    whole = town.issues(replace(draft, fields={**draft.fields, "KZ_XKSX": "\n".join(lines)}))
    before = check_id(hall.office, whole.record.licence_id)
    for issued, act in ((revoked, "revoke"), (over, "cancel"), (other, "revoke")):
        assert hall.acts(issued["licence_id"], act).is_success
    town.clock.moves(timedelta(days=21))

    after = check_id(hall.office, whole.record.licence_id)

    found = after.finding(Check.STATUS)
    assert before.verdict is Verdict.VALID
    assert (after.verdict, after.verdict.is_in_force) == (Verdict.PARTLY_VALID, True)
    assert found is not None
    assert found.params == {
        "parts": "3",
        "revoked": f"户外招牌设置许可证 {revoked['number']}",
        "cancelled": f"户外招牌设置许可证，{over['number']}",
        "expired": f"户外招牌设置许可证 {near['number']}",
    }
    assert hall.acts(whole.record.licence_id, "suspend", until="2027-01-31").is_success
    assert check_id(hall.office, whole.record.licence_id).verdict is Verdict.SUSPENDED


def test_a_log_with_another_entry_or_none_in_a_documents_place_is_inconsistent(hall: Hall) -> None:
    issued = hall.town.issues(hall.town.signboard_draft())
    good = check_file(hall.office, issued.document)
    leaf = good.log.document_leaf
    assert leaf is not None
    entry = {"idx": leaf}

    with transaction(hall.office.database) as tx:
        tx.execute(text("UPDATE log_entry SET leaf_hash = entry WHERE idx = :idx"), entry)
    other = check_file(hall.office, issued.document)
    with transaction(hall.office.database) as tx:
        tx.execute(text("DELETE FROM log_entry WHERE idx = :idx"), entry)
    none = check_file(hall.office, issued.document)

    assert good.verdict is Verdict.VALID
    for report in (other, none):
        assert (report.verdict, report.is_genuine) == (Verdict.LOG_INCONSISTENT, None)
    assert kept_leaf(hall.office.database, ORIGIN, leaf) == NOTHING
    assert kept_leaf(hall.office.database, "another.example/log", leaf) is None
