"""Check an electronic seal, and a signature made with one (GB/T 38540-2020, 7; GM/T 0031-2014, 6.1.2 and 6.2.3).

Promises:
  * Every step that can be taken is taken, also after one failed, and each has codes of its own.
  * Neither function raises for a bad seal or signature; what could not be checked is said to be unknown.
  * A leniency is told beside what was found. Who wants the strict form asks for no code of `report.NOTICES`.

Whether the seal was suspended, called in or destroyed at that time the object itself cannot tell: that is one finding
more of `Check.SEAL`, made from a record or a list by whoever has it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from verify.algorithms import Algorithm, PublicKeyError, SignatureError, check_signature
from verify.certificates import (
    Certificate,
    CertificateError,
    CertificatePathError,
    CertificateReadError,
    find_path,
    read_certificate,
)
from verify.issuer_check import OUTCOME_OF_HOLDING, Holding, Relied, Signing, holding_at, judge_at, judge_path
from verify.key_purpose import KeyPurpose
from verify.remembered import Remembered
from verify.report import Check, Finding, Outcome
from verify.seal_objects import Seal, SealError, SealSignature, SealVersion, Signature
from verify.sm2 import load_sm2_key, sm3
from verify.timestamp_token import (
    CLOCK_TOLERANCE,
    TimestampAuthorityError,
    TimestampFormError,
    TimestampTokenError,
    open_timestamp_over,
)
from verify.trust import TrustList

# How a digest of a certificate names SM3: the standard leaves the text to the maker.
_SM3_NAMES: Final = frozenset({"sm3", "1.2.156.10197.1.401"})

_SIGNATURE_GOOD: Final = Finding(check=Check.SIGNATURE, code="signature.good", outcome=Outcome.PASSED)
_SEAL_GOOD: Final = Finding(check=Check.SEAL, code="seal.good", outcome=Outcome.PASSED)
_NO_TRUST_LIST: Final = Finding(check=Check.SEAL, code="seal.no_trust_list", outcome=Outcome.UNKNOWN)
_MAKER_CODES: Final = {
    Holding.OUT_OF_PERIOD: "seal.maker_out_of_period",
    Holding.REVOKED_BEFORE: "seal.maker_revoked_before",
    Holding.REVOKED_AFTER: "seal.maker_revoked_after",
    Holding.REVOKED_UNPROVEN: "seal.maker_revoked_unproven",
    Holding.REVOCATION_UNKNOWN: "seal.maker_revocation_unknown",
}


def unreadable_seal(error: SealError) -> Finding:
    """Return the finding of step (a) for what `seal_objects` refused to read."""
    return Finding(check=Check.FORM, code="seal.unreadable", outcome=Outcome.FAILED, detail=error.detail)


def check_seal(seal: Seal, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime) -> tuple[Finding, ...]:
    """Check a seal by itself, as it is at that moment.

    (a) is its form, which was read. (b) Its maker's signature. (c) The maker's certificate. (d) Its term. A seal of
    version 5 may have a time stamp.
    """
    relied = Relied(trust=trust, crls=crls, at=at)
    found = [*_seal_findings(seal, relied, Signing(signed_at=at, proven_at=None))]  # (b), (c)
    if at < seal.valid_from:  # (d)
        found.append(_failed("seal.not_yet_valid"))
    if at > seal.valid_until:
        found.append(_failed("seal.expired"))
    return (*_or_good(found), *map(_notice, seal.warnings))


def check_seal_signature(
    signature: SealSignature,
    original: bytes,
    trust: TrustList | None,
    crls: tuple[bytes, ...],
    *,
    at: datetime,
    proven_at: datetime | None = None,
) -> tuple[Finding, ...]:
    """Check a signature made with a seal over these bytes, as of when it was made.

    (a) is its form, which was read, and one version in seal and signature. (b) The signer's signature. (c) The seal's
    list names the signer. (d) The signer's certificate. (e) It was valid then, and not revoked before. (f) The digest
    of the original. (g) The seal, at that time. (h) The time stamp. `proven_at` is a moment at which something better
    than its own word, as its entry in a log, says that the signature was there.
    """
    relied = Relied(trust=trust, crls=crls, at=at)
    seal = signature.seal
    certificate = _certificate(signature.signer_certificate)
    stamped_at, stamp_findings = _judge_stamp(
        signature.timestamp, signature.signature, signature.signed_at, relied
    )  # (h)
    signing = Signing(
        signed_at=stamped_at or signature.signed_at,
        proven_at=min((each for each in (stamped_at, proven_at) if each is not None), default=None),
    )
    found = [*_version_findings(signature)]  # (a)
    found += [] if _is_listed(seal, signature.signer_certificate) else [_failed("seal.signer_not_listed")]  # (c)
    found += stamp_findings
    found += _seal_findings(seal, relied, signing)  # (g)
    found += _term_findings(seal, signature, signing, at=at)
    return (
        *_signature_findings(signature, original, certificate),  # (b), (f)
        *_issuer_findings(certificate, signing, relied),  # (d), (e)
        *_or_good(found),
        *map(_notice, signature.warnings),
    )


def _certificate(data: bytes) -> Certificate | CertificateReadError:
    try:
        return read_certificate(data)
    except CertificateReadError as error:
        return error


def _version_findings(signature: SealSignature) -> Iterator[Finding]:
    """Say whether seal and signature name one version, which is also that of their form."""
    is_v1 = signature.version is SealVersion.V1
    if signature.written_version != signature.seal.written_version or is_v1 != (
        signature.seal.version is SealVersion.V1
    ):
        yield _failed("seal.version_disagrees")


def _signature_findings(
    signature: SealSignature, original: bytes, certificate: Certificate | CertificateReadError
) -> Iterator[Finding]:
    """Check the signer's signature, and that it is over the original."""
    problems = []
    if isinstance(certificate, CertificateReadError):
        problems.append(Finding(check=Check.SIGNATURE, code="seal.signature_unchecked", outcome=Outcome.UNKNOWN))
    elif problem := _signature_problem(certificate, signature.to_be_signed, signature.signature):
        problems.append(_failed("seal.signature_wrong", problem, check=Check.SIGNATURE))
    good = _SIGNATURE_GOOD
    if signature.data_hash != sm3(original):
        if _is_preprocessed(signature.data_hash, original, certificate):
            good = Finding(check=Check.SIGNATURE, code="seal.hash_preprocessed", outcome=Outcome.PASSED)
        else:
            problems.append(_failed("seal.data_hash_wrong", check=Check.SIGNATURE))
    yield from problems or [good]


def _is_preprocessed(data_hash: bytes, original: bytes, certificate: Certificate | CertificateReadError) -> bool:
    """Say whether the digest begins with the signer's Z, as some vendors make it: read, but told."""
    if isinstance(certificate, CertificateReadError):
        return False
    try:
        return data_hash == sm3(load_sm2_key(certificate.spki).prefix + original)
    except ValueError:
        return False


def _signature_problem(certificate: Certificate, message: bytes, signature: Signature) -> str:
    """Return what is wrong with a signature, or nothing."""
    try:
        check_signature(Algorithm.SM2, certificate.spki, message, signature.value)
    except (SignatureError, PublicKeyError) as error:
        return error.detail
    return ""


# Key, bytes and signature of a maker, which come back on all documents of an office, and whether they fit.
_MAKERS: Final[Remembered[tuple[bytes, bytes, bytes], str]] = Remembered(bytes_max=4 << 20)


def _maker_problem(certificate: Certificate, seal: Seal) -> str:
    """Return what is wrong with the maker's signature, or nothing; whether the maker is trusted is another question."""
    key = (certificate.spki, seal.to_be_signed, seal.signature.value)
    found = _MAKERS.find(key)
    if found is not None:
        return found
    problem = _signature_problem(certificate, seal.to_be_signed, seal.signature)
    return _MAKERS.offer(key, problem, weight=sum(map(len, key)))


def _issuer_findings(
    certificate: Certificate | CertificateReadError, signing: Signing, relied: Relied
) -> tuple[Finding, ...]:
    """Judge the signer's certificate as that of a PDF is judged."""
    if isinstance(certificate, CertificateReadError):
        return (_failed("issuer.unknown", certificate.detail, check=Check.ISSUER),)
    issuer = judge_path(certificate.encoded, certificate.organisation, (), relied, KeyPurpose.SEAL)
    return (issuer.finding,) if issuer.path is None else judge_at(issuer, issuer.path, signing, relied)


def _is_listed(seal: Seal, certificate: bytes) -> bool:
    """Say whether the seal names this certificate; digests under a name other than that of SM3 name none."""
    if certificate in seal.certificates:
        return True
    digest = sm3(certificate)
    return any(each.kind.lower() in _SM3_NAMES and each.value == digest for each in seal.digests)


def _seal_findings(seal: Seal, relied: Relied, signing: Signing) -> Iterator[Finding]:
    """Check the maker's signature and certificate, and the stamp of a seal of version 5.

    A certificate must hold when the seal is used (version 4), or only when it was made (version 5, which tells later
    ends as notices).
    """
    certificate = _certificate(seal.maker_certificate)
    if isinstance(certificate, CertificateReadError):
        yield _failed("seal.maker_unreadable", certificate.detail)
        return
    if problem := _maker_problem(certificate, seal):
        yield _failed("seal.maker_signature_wrong", problem)
    stamped_at, stamp_findings = _judge_stamp(seal.timestamp, seal.signature, seal.created, relied, of_seal=True)
    yield from stamp_findings
    if relied.trust is None:
        yield _NO_TRUST_LIST
        return
    try:
        path = find_path(certificate.encoded, (), relied.authorities, KeyPurpose.SEAL_MAKER)
    except CertificateError as error:
        is_unknown = isinstance(error, CertificatePathError)
        yield _failed("seal.maker_unknown" if is_unknown else "seal.maker_other_use", error.detail)
        return
    is_v5 = seal.version is SealVersion.V5
    counted = Signing(signed_at=seal.created, proven_at=stamped_at or signing.proven_at) if is_v5 else signing
    held = holding_at(path, counted, relied)
    if held.holding is not Holding.GOOD:
        yield held.finding(Check.SEAL, _MAKER_CODES[held.holding])
    if is_v5 and OUTCOME_OF_HOLDING[held.holding] is Outcome.PASSED and signing.signed_at > certificate.not_after:
        yield _notice("seal.maker_expired_since")


def _term_findings(seal: Seal, signature: SealSignature, signing: Signing, *, at: datetime) -> Iterator[Finding]:
    """Say whether the seal was in its term when it was used; that it ended since is only told."""
    if signature.signed_at > at + CLOCK_TOLERANCE:
        yield _failed("seal.signed_in_future")
    if not seal.valid_from <= signing.signed_at <= seal.valid_until:
        yield _failed("seal.signed_outside_term")
    elif at > seal.valid_until:
        yield _notice("seal.expired_since")


def _judge_stamp(
    token: bytes | None, signature: Signature, claimed_at: datetime, relied: Relied, *, of_seal: bool = False
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Return the time that a stamp over a signature proves, if there is one and it does."""
    if token is None or relied.trust is None:
        return None, ()
    code = "seal.seal_timestamp_wrong" if of_seal else "seal.timestamp_wrong"
    try:
        stamped = open_timestamp_over(token, signature.octets, relied.authorities, at=relied.at, crls=relied.crls)
    except TimestampAuthorityError as error:
        unknown = Finding(
            check=Check.SEAL, code="seal.timestamp_authority_unknown", outcome=Outcome.UNKNOWN, detail=error.detail
        )
        return None, (unknown,)
    except TimestampFormError as error:
        # What domestic services write differs, and no sample was at hand: not read is not the same as wrong.
        unread = Finding(
            check=Check.SEAL, code="seal.timestamp_unreadable", outcome=Outcome.UNKNOWN, detail=error.detail
        )
        return None, (unread,)
    except TimestampTokenError as error:
        return None, (_failed(code, f"{error.code}: {error.detail}"),)
    tolerance = timedelta(0) if of_seal else CLOCK_TOLERANCE  # GM/T 0031-2025: not before the seal was made
    if claimed_at - stamped.at > tolerance:
        return None, (_failed(code, "a stamp from before what it stamps"),)
    return stamped.at, ()


def _or_good(findings: list[Finding]) -> list[Finding]:
    """Return the findings about a seal; what stands in nobody's way is told beside "good"."""
    is_good = all(each.outcome is Outcome.PASSED for each in findings)
    return [_SEAL_GOOD, *findings] if is_good else findings


def _notice(code: str) -> Finding:
    return Finding(check=Check.SEAL, code=str(code), outcome=Outcome.PASSED)


def _failed(code: str, detail: str = "", *, check: Check = Check.SEAL) -> Finding:
    return Finding(check=check, code=code, outcome=Outcome.FAILED, detail=detail)
