"""Judge the signatures and seals of OFDs that others made.

Promises:
  * A document judged here is never called ours, whatever its certificates say.
  * Each signature is followed down to the files: value, description, digests; what no signature protects is told, and
    graded by whether it is a page.
  * Leniencies that real files need are read and told (`seal_objects`); what cannot be checked is said to be so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.errors import MalformedError
from verify.ofd_coverage import coverage_finding, stamps_problem, uncovered
from verify.ofd_document import OutlineDocument, content, read_outline
from verify.ofd_package import Package
from verify.ofd_signatures import (
    SIGNATURES_MAX,
    Description,
    OfdFormError,
    SignatureEntry,
    SignatureKind,
    read_description,
    read_signatures,
)
from verify.ofd_xml import Budget, Element, read_xml
from verify.report import Check, Finding, Outcome
from verify.seal_check import check_seal_signature, unreadable_seal
from verify.seal_objects import Seal, SealError, SealSignature, read_seal_signature
from verify.signed_document import SignatureFound, SignedDocument, as_seen
from verify.sm2 import sm3
from verify.trust import TrustList

FORM: Final = Finding(check=Check.FORM, code="form.ofd", outcome=Outcome.PASSED)
ENCRYPTED: Final = Finding(check=Check.FORM, code="form.encrypted", outcome=Outcome.FAILED)
_NONE: Final = Finding(check=Check.SIGNATURE, code="signature.none", outcome=Outcome.FAILED)
_NOT_JUDGED: Final = Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN)
_NOT_ASKED: Final = Finding(check=Check.ISSUER, code="issuer.not_asked", outcome=Outcome.UNKNOWN)
_UNKNOWN: Final = Finding(check=Check.ISSUER, code="issuer.unknown", outcome=Outcome.FAILED)
_NO_TRUST_LIST: Final = Finding(check=Check.ISSUER, code="issuer.no_trust_list", outcome=Outcome.UNKNOWN)
# Where an OFD says which of its files are encrypted (GM/T 0099); nothing of such a document can be read.
_ENCRYPTION_FILE: Final = "encryptions.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignOfd:
    """An OFD that is not in our form, and what it is judged by."""

    document: bytes = field(repr=False)
    package: Package
    trust: TrustList | None
    crls: tuple[bytes, ...] = field(repr=False)
    at: datetime

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files of the package."""
        return self.package.files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One signature: how it is shown, what was found, files that it protects, and files that nothing can protect."""

    line: SignatureFound
    findings: tuple[Finding, ...]
    protected: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    seal: Seal | None = None
    description: Description | None = None


def judge_foreign_ofd(foreign: ForeignOfd) -> SignedDocument:
    """Judge an OFD that is not in our form; never raises for a bad one.

    1. The documents in it, and the signatures that they list. 2. Each signature. 3. The files that none protects.
    4. Where the seals are shown.
    """
    if any(name.lower() == _ENCRYPTION_FILE for name in foreign.files):
        return _document(foreign, (ENCRYPTED,))
    budget = Budget()
    try:
        outline = read_outline(foreign.files, budget=budget)  # (1)
        entries = _entries(foreign, outline, budget)
    except MalformedError as error:
        return _document(foreign, (unreadable(error.detail),))
    if not entries:
        return _document(foreign, (FORM, _NONE))
    digests = _Digests(foreign.files)
    judged = tuple(_judge_one(foreign, each, digests, budget) for each in entries)  # (2)
    names = _uncovered(foreign, outline, judged)
    covered = coverage_finding(names, outline)  # (3)
    placed = _stamps_finding(foreign, outline, judged, budget)  # (4)
    found = tuple(each for one in judged for each in one.findings)
    issuer = () if any(each.check is Check.ISSUER for each in found) else (_issuer_of_none(foreign),)
    more = tuple(each for each in (covered, placed) if each is not None)
    return _document(foreign, (FORM, *found, *issuer, *more), judged, names)


def unreadable(detail: str) -> Finding:
    """Return the finding for a file that cannot be read."""
    return Finding(check=Check.FORM, code="form.unreadable", outcome=Outcome.FAILED, detail=detail)


def _document(
    foreign: ForeignOfd,
    findings: tuple[Finding, ...],
    judged: tuple[_Judged, ...] = (),
    names: tuple[str, ...] = (),
) -> SignedDocument:
    seals = [each.seal for each in judged if each.seal is not None]
    return SignedDocument(
        form="ofd",
        digest=sha256(foreign.document).digest(),
        is_ours=False,
        findings=findings,
        signatures=tuple(each.line for each in judged),
        seal=seals[0] if seals else None,
        uncovered=names,
    )


def _issuer_of_none(foreign: ForeignOfd) -> Finding:
    """Return what to say of the signer when no signature could be read as far as to its certificate."""
    return _NO_TRUST_LIST if foreign.trust is None else _UNKNOWN


def _entries(foreign: ForeignOfd, outline: tuple[OutlineDocument, ...], budget: Budget) -> tuple[SignatureEntry, ...]:
    """Return the signatures of all documents of the package."""
    paths = dict.fromkeys(each.signatures_path for each in outline if each.signatures_path is not None)
    lists = [read_signatures(content(foreign.files, path), path, budget=budget) for path in paths]
    entries = tuple(entry for each in lists for entry in each)
    if len(entries) > SIGNATURES_MAX or len({each.path for each in entries}) != len(entries):
        raise OfdFormError("too many signatures, or one of two documents")
    return entries


class _Digests:
    """SM3 of the files of a package, each made once."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._made: dict[str, bytes] = {}

    def of(self, name: str) -> bytes | None:
        """Return the digest of a file, or None when there is none of this name."""
        found = self._files.get(name)
        if found is None:
            return None
        if name not in self._made:
            self._made[name] = sm3(found)
        return self._made[name]


def _judge_one(foreign: ForeignOfd, entry: SignatureEntry, digests: _Digests, budget: Budget) -> _Judged:
    """Judge one signature: its description, the files, its value."""
    loose = frozenset({entry.path})
    try:
        original = content(foreign.files, entry.path)
        description = read_description(original, entry.path, budget=budget)
        value = content(foreign.files, description.value_path)
    except MalformedError as error:
        return _Judged(line=_line("", None, _bad("")), findings=(_bad(error.detail),), loose=loose)
    loose |= {description.value_path}
    problem = _digest_problem(description, digests)
    if entry.kind is SignatureKind.SIGN:
        found = _bad(problem) if problem else _NOT_JUDGED
        return _Judged(line=_line("", None, found), findings=(found, _NOT_ASKED), loose=loose, description=description)
    try:
        sealed = read_seal_signature(value)
    except SealError as error:
        return _Judged(line=_line("", None, _bad("")), findings=(_bad(""), unreadable_seal(error)), loose=loose)
    return _judge_seal(foreign, sealed, description, (original, problem, loose))


def _judge_seal(
    foreign: ForeignOfd, sealed: SealSignature, description: Description, read: tuple[bytes, str, frozenset[str]]
) -> _Judged:
    original, problem, loose = read
    findings = check_seal_signature(sealed, original, foreign.trust, foreign.crls, at=foreign.at)
    if problem:
        findings = (*findings, _bad(problem))
    if description.seal_path is not None and foreign.files.get(description.seal_path) != sealed.seal.raw:
        findings = (*findings, Finding(check=Check.SEAL, code="seal.file_differs", outcome=Outcome.FAILED))
    bad = [each for each in findings if each.check is Check.SIGNATURE and each.outcome is not Outcome.PASSED]
    stamped_at = None  # what the signer wrote is a claim
    return _Judged(
        line=_line(sealed.seal.name, stamped_at, *bad, *_of_issuer(findings)),
        findings=findings,
        protected=frozenset() if bad else frozenset(description.references),
        loose=loose,
        seal=sealed.seal,
        description=description,
    )


def _of_issuer(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return what stands in the way of trusting a signature that fits: for showing, a stranger's is unknown."""
    bad = any(each.check in {Check.ISSUER, Check.SEAL} and each.outcome is not Outcome.PASSED for each in findings)
    return (Finding(check=Check.ISSUER, code="issuer.unknown", outcome=Outcome.UNKNOWN),) if bad else ()


def _line(signer: str, signed_at: datetime | None, *open_or_bad: Finding) -> SignatureFound:
    first = open_or_bad[0] if open_or_bad else None
    return SignatureFound(
        signer=as_seen(signer),
        signed_at=signed_at,
        outcome=Outcome.PASSED if first is None else first.outcome,
        code="signature.good" if first is None else first.code,
    )


def _digest_problem(description: Description, digests: _Digests) -> str:
    for name, digest in description.references.items():
        found = digests.of(name)
        if found is None:
            return "a file that was signed is missing"
        if found != digest:
            return "a file is not the one that was signed"
    return ""


def _uncovered(
    foreign: ForeignOfd, outline: tuple[OutlineDocument, ...], judged: tuple[_Judged, ...]
) -> tuple[str, ...]:
    loose = {name for each in judged for name in each.loose}
    loose |= {each.signatures_path for each in outline if each.signatures_path is not None}
    return uncovered(foreign.files, {name for each in judged for name in each.protected}, loose)


def _stamps_finding(
    foreign: ForeignOfd, outline: tuple[OutlineDocument, ...], judged: tuple[_Judged, ...], budget: Budget
) -> Finding | None:
    stamps = [stamp for each in judged if each.description is not None for stamp in each.description.stamps]
    wanted = {stamp.page for stamp in stamps}
    try:
        boxes = {
            identifier: document.box_of(_page_head(content(foreign.files, path), budget))
            for document in outline
            for identifier, path in document.page_places.items()
            if identifier in wanted
        }
        problem = stamps_problem(stamps, boxes, must_be_inside=False)
    except MalformedError as error:
        problem = error.detail
    if not problem:
        return None
    return Finding(check=Check.CONTENTS, code="contents.stamp_misplaced", outcome=Outcome.FAILED, detail=problem)


def _page_head(data: bytes, budget: Budget) -> Element:
    """Return what a page says of itself: what stands before its contents, as everybody writes it, or else all."""
    head = read_xml(data, "Page", budget=budget, until="Content")
    return head if head.find("Area") is not None else read_xml(data, "Page", budget=budget)


def _bad(detail: str) -> Finding:
    return Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED, detail=detail)
