"""Check what somebody hands in, with all that this deployment knows: one way for HTTP, pages and command line.

Promises:
  * Every check asks the registry itself; when it cannot be reached, the verdict says so and blames no licence.
  * A file is read in a process without keys, sockets and registry (`api/sandbox.py`); its report is completed here.
  * Nothing of what was handed in is kept or logged.
  * A live code is good for one check: the first one that finds it genuine and in its minute uses it up.
  * An input method's wide letters, a scanner's mark before the code, line breaks: none spoils what was meant.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Final

from api.errors import RequestTooLargeError
from api.log_standing import with_own_log
from api.sample_verdicts import sample_report
from api.sandbox import OWN_LINE, examine_file
from api.wiring import Office
from api.witnessed_proofs import with_online_proof
from registry.combined import with_ended_parts
from registry.db import reading, transaction
from registry.errors import DatabaseAwayError, DatabaseBusyError
from registry.live_codes import redeem
from registry.official_documents import public_official
from registry.public_answers import public_answers
from registry.records import PublicLicence
from verify.evidence import NOT_FOUND, UNREACHABLE, Answer, AnswerOnOfficial, Evidence, NotFound, OfficialAnswer
from verify.examine import examine_id, examine_text, with_registry
from verify.live_code_check import (
    GRACE_ONLINE,
    examine_live,
    is_live_code,
    may_be_redeemed,
    with_redeemed,
    with_registry_away,
)
from verify.official_examine import examine_official_id, with_official
from verify.presentation_code import decode_presentation
from verify.report import Report
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.values import LicenceId

# An address that a phone camera found in a code, or that a browser shows, without the signed part behind `#`.
_ADDRESS: Final = re.compile(
    r"(?:https?://)?[^/?#]{1,260}/v/([0-9a-z-]{16,24})/?(?:\?[^#]*)?", re.ASCII | re.IGNORECASE
)
_UNSEEN_ASCII: Final = re.compile(r"[^!-~]+")
# What a hand scanner may put before a code: its kind (ISO/IEC 15424).
_SCANNER_MARK: Final = re.compile(r"\][A-Za-z][0-9]")


def check_entry(office: Office, entry: str) -> Report:
    """Check what stands in the one box: the text of a code, its address, or a typed id. Raises `TypingError`."""
    text = as_meant(entry)
    address = _ADDRESS.fullmatch(text)
    if address is not None:
        return check_id(office, address[1])
    return check_text(office, text) if "#" in text or "/" in text else check_id(office, text)


def as_meant(entry: str) -> str:
    """Return what somebody meant who typed, pasted or scanned this: narrow letters, no spaces, no signs unseen."""
    if entry.isascii():  # as a scanner or a program sends it: nothing in it is wide, and mostly nothing unseen
        seen = entry if entry.isprintable() and " " not in entry else _UNSEEN_ASCII.sub("", entry)
    else:
        narrow = unicodedata.normalize("NFKC", entry)
        seen = "".join(each for each in narrow if each.isprintable() and not each.isspace())
    return _SCANNER_MARK.sub("", seen, count=1) if seen.startswith("]") else seen


def check_text(office: Office, text: str, evidence: Evidence | None = None) -> Report:
    """Check the text of a QR code: its signature by the trust list, its state by the registry.

    `evidence` is what the office relies on at this moment, where it was looked up for several checks.
    """
    evidence = evidence or office.evidence()
    report = read_text(office, text, evidence)
    licence_id = to_ask_for(report)
    if licence_id is None:
        return report
    return completed(office, report, ask_registry_plainly(office, (licence_id,))[licence_id], evidence)


def read_text(office: Office, text: str, evidence: Evidence) -> Report:
    """Check the text of a code by itself; only a live code is checked whole, by its one use."""
    at = office.clock()
    meant = as_meant(text)
    return _check_live(office, meant, evidence, at=at) if is_live_code(meant) else examine_text(meant, evidence, at=at)


def to_ask_for(report: Report) -> str | None:
    """Return the id that the registry must be asked for before a code that was read is checked; None: it is."""
    claimed = None if report.verdict.is_not_genuine else report.claimed
    return None if claimed is None else claimed.licence_id


def completed(office: Office, report: Report, answer: Answer, evidence: Evidence) -> Report:
    """Complete a code that was read by what `ask_registry_plainly` was answered."""
    answer = _with_parts(office, answer)
    return with_online_proof(office, with_registry(report, answer, evidence, at=report.at), evidence.trust)


def check_id(office: Office, typed: str) -> Report:
    """Ask the registry for a typed id, with or without its check character. Raises `TypingError` for a slip."""
    return check_licence_id(office, LicenceId.parse_typed(as_meant(typed)))


def check_licence_id(office: Office, licence_id: LicenceId) -> Report:
    """Ask the registry for an id as it stands in the address of a code; a test deployment answers samples too."""
    sample = sample_report(licence_id, at=office.clock()) if office.settings.test else None
    if sample is not None:
        return sample
    answer = ask_registry(office, licence_id.text)
    if isinstance(answer, NotFound):
        official = ask_official(office, licence_id.text)
        if isinstance(official, OfficialAnswer):
            return examine_official_id(licence_id, official, at=office.clock())
    return examine_id(licence_id, Evidence(trust=None, registry=answer), at=office.clock())


def check_file(office: Office, document: bytes, *, line: str = OWN_LINE) -> Report:
    """Check a file, in its line's turn.

    Raises `RequestTooLargeError` above 20 MB, a `SandboxError` when it could not be read at all.
    """
    if len(document) > DOCUMENT_BYTES_MAX:
        raise RequestTooLargeError(params={"max_mb": str(DOCUMENT_BYTES_MAX // 1_000_000)})
    evidence = office.evidence()
    report = examine_file(document, evidence, at=office.clock(), line=line)
    return with_own_log(office.database, _completed(office, report, evidence))


def ask_registry(office: Office, licence_id: str) -> Answer:
    """Return what the registry says now of an id."""
    return _with_parts(office, ask_registry_plainly(office, (licence_id,))[licence_id])


def ask_registry_plainly(office: Office, licence_ids: Collection[str]) -> dict[str, Answer]:
    """Return what the registry says now of each id; of a combined licence not yet which of its parts ended."""
    try:
        found = public_answers(office.database, licence_ids)
    except (DatabaseAwayError, DatabaseBusyError):
        return dict.fromkeys(licence_ids, UNREACHABLE)
    return {each: found.get(each, NOT_FOUND) for each in licence_ids}


def ask_official(office: Office, document_id: str) -> AnswerOnOfficial:
    """Return what the registry says now of the id of an official document."""
    try:
        with reading(office.database) as tx:
            return public_official(tx, document_id) or NOT_FOUND
    except (DatabaseAwayError, DatabaseBusyError):
        return UNREACHABLE


def _with_parts(office: Office, answer: Answer) -> Answer:
    """Return the answer, of a combined licence with the parts that ended."""
    if not isinstance(answer, PublicLicence) or not answer.is_combined:
        return answer
    try:
        return with_ended_parts(office.database, answer, at=office.clock())
    except (DatabaseAwayError, DatabaseBusyError):
        return UNREACHABLE


def _check_live(office: Office, text: str, evidence: Evidence, *, at: datetime) -> Report:
    """Check a live code by our own clock; one that is genuine and in its minute is used up by this check."""
    report = examine_live(text, evidence, at=at, grace=GRACE_ONLINE)
    if not may_be_redeemed(report):
        return report
    licence_id = report.facts.licence_id
    answer = ask_registry(office, licence_id)
    one_time = decode_presentation(text).claims.one_time
    try:
        with transaction(office.database) as tx:
            used_before = redeem(tx, one_time, licence_id, at=at)
    except (DatabaseAwayError, DatabaseBusyError):
        return with_registry_away(report, UNREACHABLE, at=at)
    return with_redeemed(report, answer, used_before, at=at)


def _completed(office: Office, report: Report, evidence: Evidence) -> Report:
    return with_online_proof(office, _asked(office, report, evidence), evidence.trust)


def _asked(office: Office, report: Report, evidence: Evidence) -> Report:
    if report.facts.official_id:
        return with_official(report, ask_official(office, report.facts.official_id), at=report.at)
    licence_id = to_ask_for(report)
    if licence_id is None:
        return report
    return with_registry(report, ask_registry(office, licence_id), evidence, at=report.at)
