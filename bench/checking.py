"""Figures of checking in process: a code, and one of our own PDFs."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from asn1crypto import crl, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bench.figure import Figure, alternating, alternating_best
from bench.town_of_bench import CHUNK, found_town, issue_chunks
from registry import artefacts
from registry.db import reading
from tests.town import SETTINGS, Town
from verify.algorithms import raw_to_der
from verify.compiled import READ_USUAL_CODE
from verify.evidence import Evidence
from verify.examine import examine, examine_text
from verify.qr_token import decode_token
from verify.status import StatusList, open_status_list
from verify.trust import TrustList
from verify.verdict import Verdict

SLOW_TOOLS_RATE = 20


def token_check(folder: Path) -> Iterator[Figure]:
    """Offline checks of fifty different codes a second: text, CBOR, header, key from the trust list, signature, claims,
    term, status list; against the bare ES256 verification of the same signatures by the cryptography package with the
    key loaded. The value is our rate over theirs, each side's best of two hundred short rounds in turn. No answer is
    remembered: the reader of codes is compiled (verify/README.md) where our rate says so.
    """
    town = found_town(folder)
    texts = [each.record.token_text for each in issue_chunks(town, town.drafts(CHUNK))]
    town.publishes()
    evidence = town.evidence(status_lists=_status_lists(town))
    at = town.now + timedelta(minutes=1)
    if examine_text(texts[0], evidence, at=at).verdict is not Verdict.VALID:
        raise RuntimeError("the figure must measure checks that end with valid")
    work = []
    for text in texts:
        token = decode_token(text)
        ((_, key),) = _trust(evidence).keys_for(token.kid, 1)
        public = load_der_public_key(key.spki)
        if not isinstance(public, EllipticCurvePublicKey):
            raise TypeError("codes are signed with P-256")
        work.append((public, raw_to_der(token.signature), token.to_be_signed))
    algorithm = ECDSA(SHA256())

    def ours() -> None:
        for text in texts:
            examine_text(text, evidence, at=at)

    def bare() -> None:
        for public, signature, message in work:
            public.verify(signature, message, algorithm)

    own, theirs = alternating_best(ours, bare, count=2, rounds=200)
    yield Figure(
        name="token_check",
        value=theirs / own,
        unit="of its rate",
        goal=0.6,
        own=f"{CHUNK / own:.0f}/s, {'compiled' if READ_USUAL_CODE is not None else 'Python'} reader",
        rival=f"cryptography {version('cryptography')}, verification alone: {CHUNK / theirs:.0f}/s",
    )


def pdf_check(folder: Path) -> Iterator[Figure]:
    """Checking one of our own PDFs in full (form, signature, time stamp, certificates, revocation list, log proof, code,
    data set) against pyHanko's validation of the same file with the same roots and revocation lists. Median of five
    rounds in turn, over ten documents. pdf_rate: the same checks a second over the 20 of EU DSS and its like.
    """
    town = found_town(folder)
    documents = [each.document for each in issue_chunks(town, town.drafts(10))]
    evidence = town.evidence()
    at = town.now + timedelta(minutes=1)
    roots = [x509.Certificate.load(each) for each in _trust(evidence).authorities]
    lists = [crl.CertificateList.load(each) for each in evidence.crls]

    def ours() -> None:
        for document in documents:
            examine(document, evidence, at=at)

    def by_pyhanko() -> None:
        for document in documents:
            context = ValidationContext(
                trust_roots=roots, crls=lists, allow_fetching=False, moment=at, revocation_mode="hard-fail"
            )
            signature = PdfFileReader(BytesIO(document)).embedded_signatures[0]
            status = validate_pdf_signature(signature, signer_validation_context=context, ts_validation_context=context)
            if not status.bottom_line:
                raise RuntimeError("the rival must accept the document")

    own, theirs = alternating(ours, by_pyhanko, count=2)
    yield Figure(
        name="pdf_check",
        value=theirs / own,
        unit="times",
        goal=2,
        own=f"{own * 100:.2f} ms",
        rival=f"pyHanko {version('pyhanko')}: {theirs * 100:.2f} ms",
    )
    yield of_slow_tools("pdf_rate", len(documents) / own)


def of_slow_tools(name: str, rate: float) -> Figure:
    """Return how many times as quick a check is as the tools that the issue names, which were not measured here."""
    return Figure(
        name=name,
        value=rate / SLOW_TOOLS_RATE,
        unit="times",
        goal=10,
        own=f"{rate:.0f}/s on one core",
        rival=f"{SLOW_TOOLS_RATE}/s, the class of EU DSS as the issue states it",
    )


def _trust(evidence: Evidence) -> TrustList:
    if evidence.trust is None:
        raise RuntimeError("a town has a trust list")
    return evidence.trust


def _status_lists(town: Town) -> dict[str, StatusList]:
    trust = _trust(town.evidence())
    with reading(town.database) as tx:
        lists = artefacts.all_latest(tx, "status_list")
    opened = {}
    for name, content in lists:
        uri = SETTINGS.status_prefix + name
        opened[uri] = open_status_list(
            content, uri=uri, keys=lambda kid: tuple(key for _, key in trust.keys_for(kid, 2))
        )
    return opened
