"""Whether a signed file that an auditor has before them is still what was signed: signature, digests, contents, issuer.

Promises:
  * Judged by what the auditor has offline, trust list and revocation lists; what a file says of its own proof counts
    for nothing here, for the log itself is at hand.
  * Changed is not the same as not checked: what would need another program, another list or more memory is a gap.
  * Nothing is believed of a file that is not ours, and no reader of strangers' PDFs is loaded: the one file of the
    checker has none, and a hostile one would meet no limits here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from verify.cms import OurCms, read_official_cms, read_our_cms
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.examine import examine, examine_text
from verify.ofd import OFD_HEAD
from verify.own_document import OwnSignature, judge_at, judge_path, judge_signature
from verify.own_pdf import SignatureRoom, find_rooms
from verify.report import Check, Finding, Outcome
from verify.timestamp_token import TimestampAuthorityError
from verify.verdict import Verdict

PDF_HEAD: Final = b"%PDF-"
# A stranger's file, or one that only a reader of strangers' PDFs understands.
FOREIGN: Final = "form.foreign"
# Something stands behind the signed revision: time stamps of later years, or a change.
LONGER: Final = "contents.behind_signature"
# Term and state are the registry's affair, and the log is asked by the checker itself.
_ASKED: Final = frozenset({Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.SEAL, Check.CONTENTS})
_PASSING: Final = frozenset({Verdict.EXPIRED, Verdict.NOT_YET_VALID})


class FileCheck(NamedTuple):
    """What does not hold in a file, and what could not be checked, by the codes of the findings."""

    failed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


UNCHECKED: Final = FileCheck()


def check_file(content: bytes, evidence: Evidence, *, at: datetime) -> FileCheck:
    """Check a PDF, an OFD or the text of a code; never raises for a bad one."""
    if content.startswith(PDF_HEAD):
        return _sorted(_of_pdf(content, evidence, at))
    if content.startswith(OFD_HEAD):
        return _sorted(examine(content, evidence, at=at).findings)
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        return FileCheck(open=(FOREIGN,))
    return _sorted(examine_text(text, evidence, at=at).findings)


def _of_pdf(content: bytes, evidence: Evidence, at: datetime) -> Iterator[Finding]:
    """Yield what is found of the first licence in a PDF, or else of every official signature.

    Only the signed revision is judged: what stands behind it is said to be there.
    """
    rooms = [(room, cms) for room in find_rooms(content) if (cms := _ours(room)) is not None]
    licence = next((room for room, cms in rooms if cms.official is None), None)
    if licence is not None:
        yield from examine(content[: licence.revision_end], evidence, at=at).findings
        last = licence.revision_end
    else:
        for room, cms in rooms:
            own = OwnSignature(document=content, room=room, cms=cms, trust=evidence.trust, crls=evidence.crls, at=at)
            yield from _of_official(own)
        last = max((room.revision_end for room, _cms in rooms), default=0)
    if not rooms:
        yield Finding(check=Check.FORM, code=FOREIGN, outcome=Outcome.UNKNOWN)
    elif last < len(content):
        yield Finding(check=Check.CONTENTS, code=LONGER, outcome=Outcome.UNKNOWN)


def _of_official(own: OwnSignature) -> Iterator[Finding]:
    issuer = judge_path(own)
    stamped, signature = judge_signature(own, issuer.path)
    yield signature
    if issuer.path is None or stamped is None:
        yield issuer.finding
    else:
        yield from judge_at(own, issuer, issuer.path, stamped)


def _ours(room: SignatureRoom) -> OurCms | None:
    for read in (read_our_cms, read_official_cms):
        try:
            return read(room.cms)
        except MalformedError:
            continue
    return None


def _sorted(findings: Iterable[Finding]) -> FileCheck:
    failed, gaps = dict[str, None](), dict[str, None]()
    for each in findings:
        if each.check not in _ASKED or each.meaning is None or each.meaning in _PASSING:
            continue
        (failed if _is_change(each) else gaps)[each.code] = None
    return FileCheck(tuple(failed), tuple(gaps))


def _is_change(finding: Finding) -> bool:
    """Say whether the file is not what was signed; a stamp whose authority is not listed any more changes nothing."""
    is_of_stamp = finding.detail.startswith(TimestampAuthorityError.code)
    return finding.outcome is Outcome.FAILED and finding.meaning is Verdict.TAMPERED and not is_of_stamp
