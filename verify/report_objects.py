"""The verdict object: a report as JSON values, the same for page, print, API, command line and webhook.

Promises:
  * `report_object` and `report_from_object` are inverse; the latter believes nothing but form, for its input comes from
    the process that read a stranger's file.
  * The verdict is written and, when read, made anew from the findings: a better word cannot be slipped in.
  * `public_object` shows what everybody may see; of what is not genuine it hides whose it claims to be.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Final

from verify.errors import MalformedError
from verify.facts import facts_from_object, facts_object
from verify.report import Check, Claimed, Finding, LogPlaces, Outcome, Report, SignatureLine, Subject

# More findings, lines and characters than any report of ours has.
LIST_MAX: Final = 64
TEXT_MAX: Final = 100_000
_SIGNED: Final = "signed_bytes"
_PLACES: Final = tuple(each.name for each in fields(LogPlaces))


class ReportError(MalformedError):
    """Not a report as JSON values."""

    code = "report.malformed"


def public_object(report: Report) -> dict[str, object]:
    """Return the verdict object for callers who have not said who they are."""
    facts = report.facts.of_no_licence() if report.verdict.is_not_genuine else report.facts.public()
    return _verdict(report) | {"facts": facts_object(facts)}


def staff_object(report: Report) -> dict[str, object]:
    """Return the verdict object for callers who may see whose licence it is."""
    return _verdict(report) | {"facts": facts_object(report.facts)}


def report_object(report: Report) -> dict[str, object]:
    """Return the whole report; it is for our own processes and never shown."""
    claimed = report.claimed
    shown = None if claimed is None else _plain(claimed._asdict())
    whole = {"subject": report.subject.value, "claimed": shown, "document_digest": report.document_digest}
    return staff_object(report) | whole


def report_from_object(value: object) -> Report:
    """Read a report back. Raises ``ReportError`` or ``FactsError``."""
    try:
        return _read(_map(value))
    except (KeyError, ValueError) as error:
        raise ReportError("not the members of a report") from error


def _verdict(report: Report) -> dict[str, object]:
    return {
        "verdict": report.verdict._value_,  # a writer of JSON is slower at members of an enumeration
        "in_force": report.verdict.is_in_force,
        "genuine": report.is_genuine,
        "test": report.test,
        "checks": [_finding(each) for each in report.findings],
        "as_of": report.at.isoformat(),
        "log": _places(report.log),
        "also": [each.code for each in report.also],
        "signatures": [_signature(each) for each in report.signatures],
    }


def _places(log: LogPlaces) -> dict[str, object]:
    places = ((name, getattr(log, name)) for name in _PLACES)
    return {name: value for name, value in places if value is not None and value != ""}


def _finding(finding: Finding) -> dict[str, object]:
    check, code, outcome, detail, source, as_of, params = finding
    return {
        "name": check._value_,
        "result": outcome._value_,
        "code": code,
        "detail": detail,
        "source": source,
        "as_of": None if as_of is None else as_of.isoformat(),
        "params": dict(params) if params else {},
    }


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _signature(line: SignatureLine) -> dict[str, object]:
    """Return a signature; how much was signed is a member only where more was added."""
    values = _plain(asdict(line))
    return values if line.signed_bytes is not None else {name: values[name] for name in values if name != _SIGNED}


def _read(entries: Mapping[str, object]) -> Report:
    claimed, facts = entries["claimed"], facts_from_object(entries["facts"])
    return Report(
        subject=Subject(_text(entries["subject"])),
        findings=tuple(_read_finding(_map(each)) for each in _list(entries["checks"])),
        at=_instant(entries["as_of"]),
        valid_until=facts.valid_until,
        test=entries["test"] is True,
        facts_source=facts,
        claimed_source=None if claimed is None else _read_claimed(_map(claimed)),
        log=_read_log(_map(entries["log"])),
        signatures=tuple(_read_signature(_map(each)) for each in _list(entries["signatures"])),
        document_digest=_text(entries["document_digest"]),
    )


def _read_finding(entries: Mapping[str, object]) -> Finding:
    as_of = entries["as_of"]
    return Finding(
        check=Check(_text(entries["name"])),
        code=_text(entries["code"]),
        outcome=Outcome(_text(entries["result"])),
        detail=_text(entries["detail"]),
        source=_text(entries["source"]),
        as_of=None if as_of is None else _instant(as_of),
        params={name: _text(value) for name, value in _map(entries["params"]).items()},
    )


def _read_claimed(entries: Mapping[str, object]) -> Claimed:
    until = entries["valid_until"]
    return Claimed(
        licence_id=_text(entries["licence_id"]),
        issuer=_text(entries["issuer"]),
        type_code=_text(entries["type_code"]),
        number=_text(entries["number"]),
        holder=_text(entries["holder"]),
        valid_from=date.fromisoformat(_text(entries["valid_from"])),
        valid_until=None if until is None else date.fromisoformat(_text(until)),
        token_kid=_text(entries["token_kid"]),
        token_digest=_text(entries["token_digest"]),
    )


def _read_log(entries: Mapping[str, object]) -> LogPlaces:
    return LogPlaces(
        code_leaf=_place(entries.get("code_leaf")),
        document_leaf=_place(entries.get("document_leaf")),
        tree_size=_place(entries.get("tree_size")),
        proof=_text(entries.get("proof", "")),
    )


def _read_signature(entries: Mapping[str, object]) -> SignatureLine:
    signed_at = entries["signed_at"]
    return SignatureLine(
        signer=_text(entries["signer"]),
        signed_at=None if signed_at is None else _instant(signed_at),
        outcome=Outcome(_text(entries["outcome"])),
        signed_bytes=_place(entries.get(_SIGNED)),
    )


def _map(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict) or len(value) > LIST_MAX or not all(isinstance(name, str) for name in value):
        raise ReportError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > LIST_MAX:
        raise ReportError("not a list, or too long")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise ReportError("not a text, or too long")
    return value


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.utcoffset() is None:
        raise ReportError("a time without a zone")
    return instant


def _place(value: object) -> int | None:
    if value is not None and (type(value) is not int or value < 0):
        raise ReportError("not a place in the log")
    return value
