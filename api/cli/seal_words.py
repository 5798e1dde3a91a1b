"""Seals as people read them at a terminal: words for states and acts, and a seal, a grant, a use in lines or JSON."""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Final

from api.cli.screen import Screen
from api.cli.words import moment
from api.texts import day_text
from registry.seal_endings import SealEnding
from registry.seal_records import SealEventRecord, SealGrant, SealObjectRecord, SealRecord, SealUse
from verify.licence import ISSUER_ZONE

Words = Mapping[str, tuple[str, str]]

STATES: Final[Words] = {
    "applied": ("已申请", "applied for"),
    "approved": ("已批准", "approved"),
    "refused": ("未批准", "refused"),
    "made": ("已制章，未备案", "made, not filed"),
    "filed": ("已备案", "filed"),
    "replaced": ("已换发", "replaced"),
    "in_use": ("使用中", "in use"),
    "suspended": ("停用", "suspended"),
    "called_in": ("已收缴", "called in"),
    "destroyed": ("已销毁", "destroyed"),
    "not_filed": ("尚未备案", "not filed yet"),
    "not_yet_valid": ("尚未生效", "not yet valid"),
    "expired": ("已过期", "expired"),
    "granted": ("有效", "granted"),
    "withdrawn": ("已撤回", "withdrawn"),
    "open": ("进行中", "under way"),
    "abandoned": ("已放弃", "given up"),
}
ACTS: Final[Words] = {
    "apply": ("申请", "applied for"),
    "approve": ("批准", "approved"),
    "refuse": ("不批准", "refused"),
    "make": ("制章", "made"),
    "file": ("备案", "filed"),
    "renew": ("申请换发", "renewal applied for"),
    "suspend": ("停用", "suspended"),
    "reinstate": ("恢复", "reinstated"),
    "call_in": ("收缴", "called in"),
    "destroy": ("销毁", "destroyed"),
    "grant": ("授权", "grant given"),
    "withdraw": ("撤回授权", "grant withdrawn"),
}


def word(words: Words, name: str, screen: Screen) -> str:
    """Return the word of the person's language, or the name itself for one that is not listed."""
    return screen.say(*words.get(name, (name, name)))


def seal_object(seal: SealRecord, objects: tuple[SealObjectRecord, ...]) -> dict[str, object]:
    """Return a seal as it stands in JSON for the office itself."""
    names = ("kind", "name", "name_en", "owner", "version", "psb_code", "etag")
    return {"seal_code": seal.code, "state": seal.state.value} | {name: getattr(seal, name) for name in names} | {
        "created_at": seal.created_at.isoformat(),
        "objects": [_version(each) for each in objects],
    }  # fmt: skip


def _version(each: SealObjectRecord) -> dict[str, object]:
    return {
        "version": each.version,
        "state": each.state.value,
        "valid_from": each.valid_from.isoformat(),
        "valid_until": each.valid_until.isoformat(),
        "digest": None if each.digest is None else each.digest.hex(),
        "maker_leaf": each.maker_leaf,
    }


def seal_lines(seal: SealRecord, objects: tuple[SealObjectRecord, ...], screen: Screen) -> list[str]:
    """Return a seal in lines."""
    language = screen.language
    lines = [f"{seal.code}  {screen.say(seal.name, seal.name_en)}  {word(STATES, seal.state.value, screen)}"]
    for each in objects:
        term = f"{moment(each.valid_from, language)} – {moment(each.valid_until, language)}"
        name = screen.say(f"第 {each.version} 版", f"version {each.version}")
        lines.append(f"  {name}  {word(STATES, each.state.value, screen)}  {term}")
    return lines


def ending_line(ending: SealEnding, screen: Screen) -> str:
    """Return the line of an end that waits for an approver."""
    act = word(ACTS, ending.act.value, screen)
    return "  " + screen.say(
        f"待确认：{act}（{ending.proposed_by}）", f"waits for approval: {act}, {ending.proposed_by}"
    )


def event_object(event: SealEventRecord) -> dict[str, object]:
    """Return an act as it stands in JSON."""
    names = (
        "act",
        "grant_id",
        "state",
        "version",
        "role",
        "person",
        "reason",
        "legal_basis",
        "reference",
        "leaf_index",
    )
    return {"happened_at": event.happened_at.isoformat()} | {name: getattr(event, name) for name in names}


def event_line(event: SealEventRecord, screen: Screen) -> str:
    """Return an act in a line."""
    act = word(ACTS, event.act, screen)
    parts = (moment(event.happened_at, screen.language), act, event.grant_id or "", event.person, event.reason)
    return "  " + "  ".join(each for each in (*parts, event.legal_basis, event.reference) if each)


def grant_object(grant: SealGrant) -> dict[str, object]:
    """Return a grant as it stands in JSON."""
    terms = grant.terms
    names = ("office", "role", "person", "documents_basis", "uses_max", "needs_second")
    return {"grant_id": grant.grant_id, "seal_code": grant.code, "state": grant.state.value} | {
        name: getattr(terms, name) for name in names
    } | {
        "types": sorted(terms.types),
        "items": dict(sorted(terms.items.items())),
        "valid_from": terms.valid_from.isoformat(),
        "valid_until": terms.valid_until.isoformat(),
        "uses_taken": grant.uses_taken,
    }  # fmt: skip


def grant_row(grant: SealGrant, screen: Screen) -> tuple[str, ...]:
    """Return a grant as a row of a table."""
    terms = grant.terms
    whose = " ".join(each for each in (terms.office, terms.role, terms.person) if each)
    uses = str(grant.uses_taken) if terms.uses_max is None else f"{grant.uses_taken}/{terms.uses_max}"
    documents = screen.say("公文", "documents") if terms.documents_basis is not None else ""
    types = " + ".join(each for each in (_count(terms.types), documents) if each)
    until = _last(terms.valid_until, screen)
    return (grant.grant_id, whose, types, _count(terms.items), until, uses, word(STATES, grant.state.value, screen))


def _count(found: Collection[str]) -> str:
    return str(len(found)) if found else ""


def _last(until: datetime, screen: Screen) -> str:
    """Return the last day of what ends with a day, and else the moment when it is over."""
    local = until.astimezone(ISSUER_ZONE)
    is_whole = local.time() == time.min
    return day_text((local - timedelta(days=1)).date(), screen.language) if is_whole else moment(until, screen.language)


def use_object(use: SealUse) -> dict[str, object]:
    """Return a use as it stands in JSON for auditors."""
    names = ("use_id", "version", "grant_id", "legal_basis", "licence_id", "document_id")
    whose = ("office", "person", "role", "second_person", "second_role", "type_code", "item_code")
    return {"seal_code": use.code, "state": use.state.value} | {name: getattr(use, name) for name in names} | {
        name: getattr(use.occasion, name) for name in whose
    } | {
        "taken_at": use.taken_at.isoformat(),
        "filed_at": None if use.filed_at is None else use.filed_at.isoformat(),
        "bodies": [{"digest": digest, "leaf": leaf} for digest, leaf in use.bodies],
    }  # fmt: skip


def use_row(use: SealUse, screen: Screen) -> tuple[str, ...]:
    """Return a use as a row of a table."""
    persons = " ".join(each for each in (use.occasion.person, use.occasion.second_person) if each)
    what = use.licence_id or use.document_id or ""
    when = moment(use.taken_at, screen.language)
    return (when, use.grant_id, persons, what, use.legal_basis, word(STATES, use.state.value, screen))
