"""Judging our own documents: each check alone, and every way in which a forger or a thief would try it."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import cms

from keys.authority import Profile
from keys.custody import KeyName
from keys.revocation import Reason, RevocationList, RevokedCertificate, assemble_revocation_list, tbs_revocation_list
from signer.pades import assemble_cms, embed
from signer.page.pdf import UnsignedPdf
from tests.key_room import AUTHORITY, BUREAU, DOCUMENT, NOW, ORIGIN, TIMESTAMP, KeyRoom
from tests.small_pdf import (
    DATA_SET,
    FILES,
    MANDATE,
    SealingRoom,
    pdf_objects,
    room_of,
    with_cms,
    write_small_pdf,
)
from verify.attached import CODE_FILE, DATA_SET_FILE
from verify.certificates import read_certificate
from verify.cms import read_our_cms
from verify.issuer_check import cut_off_of, issuer_uscc
from verify.log_proof import LogReceipt
from verify.oids import LOG_PROOF
from verify.own_pdf import find_rooms
from verify.pdf import read_pdf
from verify.report import Check, Outcome
from verify.signed_document import SignedDocument
from verify.trust import TrustedKey

WEEK = timedelta(days=7)


def listing(office: KeyRoom, *revoked: RevokedCertificate, next_at: datetime = NOW + WEEK) -> bytes:
    """Return a revocation list of the office's authority."""
    wanted = RevocationList(
        issuer=office.custody.chain(AUTHORITY)[0],
        number=1,
        issued_at=NOW + timedelta(hours=1),
        next_at=next_at,
        revoked=revoked,
    )
    tbs = tbs_revocation_list(wanted)
    return assemble_revocation_list(tbs, office.sign(AUTHORITY, tbs))


def serial(office: KeyRoom, key: KeyName) -> int:
    return read_certificate(office.custody.chain(key)[0]).serial_number


def codes(document: SignedDocument, check: Check) -> list[tuple[str, Outcome]]:
    return [(each.code, each.outcome) for each in document.findings if each.check is check]


def judge(document: bytes, sealing: SealingRoom, *crls: bytes) -> SignedDocument:
    return read_pdf(document, sealing.trust, crls, at=NOW + timedelta(hours=1))


def test_a_good_document_passes_every_check_and_hands_out_what_it_carries(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom
) -> None:
    found = judge(sealed, sealing, listing(office))

    assert found.is_ours
    assert not found.has_failed
    assert [(each.check, each.code, each.outcome) for each in found.findings] == [
        (Check.FORM, "form.own_pdf", Outcome.PASSED),
        (Check.SIGNATURE, "signature.good", Outcome.PASSED),
        (Check.ISSUER, "issuer.trusted", Outcome.PASSED),
        (Check.LOG, "log.proven", Outcome.PASSED),
    ]
    assert found.digest == sha256(sealed).digest()
    assert found.data_set is not None
    assert found.data_set.encode() == DATA_SET.encode()
    assert found.token_text == FILES[CODE_FILE].decode()
    assert found.mandate == MANDATE
    assert found.issuer_uscc == BUREAU
    assert found.signer_kid == office.custody.public_key(DOCUMENT).kid
    assert found.signed_at == NOW
    assert found.is_test
    assert found.receipt is not None
    assert found.checkpoint is not None
    assert found.checkpoint.size > found.receipt.index
    (signature,) = found.signatures
    assert (signature.signer, signature.signed_at, signature.outcome) == ("document", NOW, Outcome.PASSED)


@pytest.mark.parametrize("place", ["first byte after the head", "middle", "last byte"])
def test_a_changed_byte_is_a_bad_signature_of_ours(sealed: bytes, sealing: SealingRoom, place: str) -> None:
    start, _ = room_of(sealed)
    at = {"first byte after the head": 9, "middle": start // 2, "last byte": len(sealed) - 1}[place]
    changed = sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :]

    found = judge(changed, sealing)

    assert found.is_ours
    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]
    assert found.signed_at is None


def test_a_document_cut_short_is_a_bad_signature_of_ours(sealed: bytes, sealing: SealingRoom) -> None:
    found = judge(sealed[:-1], sealing)

    assert found.is_ours
    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]
    assert found.data_set is None


def test_the_signature_of_one_document_does_not_fit_another(sealed: bytes, sealing: SealingRoom) -> None:
    other = sealing.seal(another_page())
    (room,) = find_rooms(sealed)

    found = judge(with_cms(other, room.cms), sealing)

    assert found.is_ours
    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]


def test_another_spelling_of_the_room_is_a_bad_signature(sealed: bytes, sealing: SealingRoom) -> None:
    start, end = room_of(sealed)
    changed = sealed[:start] + sealed[start:end].upper() + sealed[end:]

    assert codes(judge(changed, sealing), Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]


def rebuilt(
    sealing: SealingRoom,
    *,
    signature: bytes | None = None,
    timestamp: bytes | None = None,
    receipt: LogReceipt | None = None,
) -> bytes:
    """Return a signed document with one part of its CMS exchanged."""
    unsigned = write_small_pdf(pdf_objects())
    attributes = sealing.attributes(unsigned)
    own_receipt = sealing.intent(attributes)
    own = sealing.office.custody.sign(DOCUMENT, attributes, receipt=own_receipt)
    stamp = sealing.office.stamps().stamp(sha256(signature or own).digest())
    whole = assemble_cms(
        sealing.parts, attributes, signature or own, timestamp=timestamp or stamp, receipt=receipt or own_receipt
    )
    return embed(unsigned, whole)


def another_page() -> UnsignedPdf:
    """Return a page that says something else; the small pages of two calls are the same otherwise."""
    return write_small_pdf(pdf_objects(FILES | {CODE_FILE: b"https://zz.test.example/other"}))


def test_a_signature_by_nobody_is_bad(sealing: SealingRoom) -> None:
    (room,) = find_rooms(sealing.seal(another_page()))
    of_another = read_our_cms(room.cms).signed.signature

    found = judge(rebuilt(sealing, signature=of_another), sealing)

    assert found.is_ours
    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]


def test_our_documents_must_bear_a_time_stamp_over_their_own_signature(sealing: SealingRoom) -> None:
    of_another = sealing.office.stamps().stamp(sha256(b"another signature").digest())

    for stamp in (of_another, b"\x30\x00"):
        found = judge(rebuilt(sealing, timestamp=stamp), sealing)
        assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]
        assert found.signed_at is None


def without(attribute: str, document: bytes) -> bytes:
    """Return the document with one of its two unsigned attributes taken out."""
    (room,) = find_rooms(document)
    read = read_our_cms(room.cms)
    names = {"time stamp": "1.2.840.113549.1.9.16.2.14", "log proof": LOG_PROOF}
    info = cms.ContentInfo.load(room.cms)
    (signer,) = info["content"]["signer_infos"]
    kept = [each for each in signer["unsigned_attrs"] if each["type"].dotted != names[attribute]]
    assert len(kept) == 1
    assert read.timestamp is not None
    signer["unsigned_attrs"] = cms.CMSAttributes(kept)
    return with_cms(document, info.dump())


def test_a_document_without_time_stamp_has_a_bad_signature(sealed: bytes, sealing: SealingRoom) -> None:
    found = judge(without("time stamp", sealed), sealing)

    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]
    assert codes(found, Check.LOG) == [("log.proven", Outcome.PASSED)]


def test_a_document_without_log_proof_is_told_as_such(sealed: bytes, sealing: SealingRoom) -> None:
    found = judge(without("log proof", sealed), sealing)

    assert codes(found, Check.LOG) == [("log.missing", Outcome.FAILED)]
    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert found.receipt is None


@pytest.mark.parametrize(
    "detail",
    [{"purpose": "code"}, {"kid": bytes(8)}, {"data_set": sha256(b"another").digest()}],
    ids=["another purpose", "another key", "another data set"],
)
def test_an_entry_for_something_else_proves_nothing(sealing: SealingRoom, detail: dict[str, object]) -> None:
    unsigned = write_small_pdf(pdf_objects())
    attributes = sealing.attributes(unsigned)
    wrong = sealing.intent(attributes, **detail)
    signature = sealing.office.custody.sign(DOCUMENT, attributes, receipt=sealing.intent(attributes))
    stamp = sealing.office.stamps().stamp(sha256(signature).digest())
    document = embed(unsigned, assemble_cms(sealing.parts, attributes, signature, timestamp=stamp, receipt=wrong))

    found = judge(document, sealing)

    assert codes(found, Check.LOG) == [("log.wrong", Outcome.FAILED)]


def test_a_proof_of_other_bytes_or_of_another_log_proves_nothing(
    sealing: SealingRoom, sealed: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = KeyRoom.found(tmp_path_factory.mktemp("elsewhere") / "keys")
    other = judge(sealing.seal(another_page()), sealing).receipt
    assert other is not None
    foreign_log = replace(sealing, office=replace(sealing.office, verifier=elsewhere.verifier))

    assert codes(judge(rebuilt(sealing, receipt=other), sealing), Check.LOG) == [("log.wrong", Outcome.FAILED)]
    found = judge(sealed, foreign_log)
    assert codes(found, Check.LOG) == [("log.wrong", Outcome.FAILED)]
    assert found.receipt is not None
    assert found.checkpoint is None


def test_a_proof_that_is_no_proof_is_wrong(sealing: SealingRoom, sealed: bytes) -> None:
    (room,) = find_rooms(sealed)
    changed = room.cms.replace(b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v2")

    assert codes(judge(with_cms(sealed, changed), sealing), Check.LOG) == [("log.wrong", Outcome.FAILED)]


def test_without_a_trust_list_only_the_arithmetic_is_judged(sealed: bytes) -> None:
    found = read_pdf(sealed, None, (), at=NOW)

    assert not found.is_ours
    assert not found.has_failed
    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert codes(found, Check.ISSUER) == [("issuer.no_trust_list", Outcome.UNKNOWN)]
    assert codes(found, Check.LOG) == [("log.not_asked", Outcome.UNKNOWN)]
    assert found.data_set is not None
    assert found.signed_at is None


def test_a_stranger_in_our_form_is_unknown(
    sealed: bytes, sealing: SealingRoom, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = SealingRoom(office=KeyRoom.found(tmp_path_factory.mktemp("stranger") / "keys").open_office())

    found = judge(stranger.seal(), sealing)

    assert not found.is_ours
    assert codes(found, Check.ISSUER) == [("issuer.unknown", Outcome.FAILED)]
    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert judge(sealed, stranger).has_failed


def test_an_office_that_is_not_in_the_list_is_unknown_though_its_authority_is_trusted(
    sealed: bytes, sealing: SealingRoom
) -> None:
    found = judge(sealed, replace(sealing, issuers=("119999990000000511",)))

    assert found.is_ours
    assert codes(found, Check.ISSUER)[0] == ("issuer.unknown", Outcome.FAILED)


def test_a_certificate_for_time_stamps_signs_no_documents(sealing: SealingRoom, office: KeyRoom) -> None:
    unsigned = write_small_pdf(pdf_objects())
    with_stamp_key = replace(sealing, key=TIMESTAMP)
    attributes = with_stamp_key.attributes(unsigned)
    signature = office.custody.sign_counted(TIMESTAMP, attributes)
    stamp = office.stamps().stamp(sha256(signature).digest())
    receipt = with_stamp_key.intent(attributes)
    whole = assemble_cms(with_stamp_key.parts, attributes, signature, timestamp=stamp, receipt=receipt)

    found = judge(embed(unsigned, whole), sealing)

    assert not found.is_ours
    assert codes(found, Check.ISSUER) == [("issuer.not_entitled", Outcome.FAILED)]


def test_a_certificate_that_had_ended_at_the_stamped_time_is_out_of_period(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    office = KeyRoom.found(tmp_path_factory.mktemp("short") / "keys")
    office.certify(office.make(AUTHORITY), Profile.ROOT)
    office.certify(office.make(TIMESTAMP), Profile.TIMESTAMP)
    office.certify(office.make(DOCUMENT), Profile.DEPARTMENT, not_after=NOW + WEEK)

    for at, expected in (
        (NOW + WEEK, ("issuer.trusted", Outcome.PASSED)),
        (NOW + WEEK + timedelta(seconds=1), ("issuer.out_of_period", Outcome.FAILED)),
    ):
        sealing = SealingRoom(office=office, at=at)
        found = read_pdf(sealing.seal(), sealing.trust, (), at=NOW + 2 * WEEK)
        assert codes(found, Check.ISSUER)[0] == expected
        assert found.signed_at == at


def test_a_good_document_stays_good_when_all_certificates_have_ended(sealed: bytes, sealing: SealingRoom) -> None:
    found = read_pdf(sealed, sealing.trust, (), at=NOW + timedelta(days=20 * 365))

    assert not found.has_failed
    assert found.signed_at == NOW


def test_revocation_before_the_stamped_time_fails_and_after_it_passes_with_a_line(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom
) -> None:
    def revoked(at: datetime) -> bytes:
        return listing(
            office, RevokedCertificate(serial_number=serial(office, DOCUMENT), revoked_at=at, reason=Reason.SUPERSEDED)
        )

    for at in (NOW - timedelta(seconds=1), NOW):
        found = judge(sealed, sealing, revoked(at))
        assert codes(found, Check.ISSUER) == [("issuer.revoked_before", Outcome.FAILED)]
        assert found.findings[2].params == {"at": at.isoformat()}
    after = judge(sealed, sealing, revoked(NOW + timedelta(seconds=1)))
    assert codes(after, Check.ISSUER) == [("issuer.revoked_after", Outcome.PASSED)]
    unlisted = replace(sealing, issuers=())
    assert codes(judge(sealed, unlisted, revoked(NOW)), Check.ISSUER) == [
        ("issuer.unknown", Outcome.FAILED),
        ("issuer.revoked_before", Outcome.FAILED),
    ]


def test_without_a_current_list_revocation_is_not_known(sealed: bytes, sealing: SealingRoom, office: KeyRoom) -> None:
    expected = [("issuer.trusted", Outcome.PASSED), ("issuer.revocation_unknown", Outcome.UNKNOWN)]

    assert codes(judge(sealed, sealing), Check.ISSUER) == expected
    old = listing(office, next_at=NOW + timedelta(hours=2))
    found = read_pdf(sealed, sealing.trust, (old,), at=NOW + timedelta(hours=2))
    assert codes(found, Check.ISSUER) == expected


def test_a_stamp_of_a_stolen_stamping_key_proves_no_time(sealed: bytes, sealing: SealingRoom, office: KeyRoom) -> None:
    stolen = RevokedCertificate(
        serial_number=serial(office, TIMESTAMP), revoked_at=NOW + timedelta(minutes=1), reason=Reason.KEY_COMPROMISE
    )

    found = judge(sealed, sealing, listing(office, stolen))

    assert codes(found, Check.SIGNATURE) == [("signature.bad", Outcome.FAILED)]
    assert found.is_ours


def trusted_key(office: KeyRoom, cut_off: tuple[str, int] | None, use: int = 1) -> TrustedKey:
    public = office.custody.public_key(DOCUMENT)
    return TrustedKey(
        kid=public.kid,
        algorithm=public.algorithm,
        spki=public.spki,
        use=use,
        not_before=NOW - WEEK,
        not_after=NOW + WEEK,
        cut_off=cut_off,
    )


def test_for_a_key_with_a_cut_off_the_place_in_the_log_decides(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom
) -> None:
    receipt = judge(sealed, sealing).receipt
    assert receipt is not None
    cases = {
        (ORIGIN, receipt.index + 1): ("log.proven", Outcome.PASSED),
        (ORIGIN, receipt.index): ("log.cut_off", Outcome.FAILED),
        ("another.example/log", receipt.index + 1): ("log.cut_off", Outcome.FAILED),
    }
    for cut_off, expected in cases.items():
        cut = replace(sealing, keys=(trusted_key(office, cut_off),))
        assert codes(judge(sealed, cut), Check.LOG) == [expected]


def test_a_cut_off_takes_the_place_of_the_date_of_revocation(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom
) -> None:
    cut = replace(sealing, keys=(trusted_key(office, (ORIGIN, 10_000)),))
    revoked = RevokedCertificate(serial_number=serial(office, DOCUMENT), revoked_at=NOW - WEEK)

    found = judge(sealed, cut, listing(office, revoked))

    assert codes(found, Check.ISSUER) == [("issuer.revoked_after", Outcome.PASSED)]
    assert codes(found, Check.LOG) == [("log.proven", Outcome.PASSED)]


def test_a_cut_off_counts_whatever_use_the_key_is_listed_for(sealing: SealingRoom, office: KeyRoom) -> None:
    kid = office.custody.public_key(DOCUMENT).kid

    for use in (1, 2, 3, 5, 6):
        listed = replace(sealing, keys=(trusted_key(office, None), trusted_key(office, (ORIGIN, 5), use)))
        assert cut_off_of(listed.trust, kid) == (ORIGIN, 5)
    assert cut_off_of(replace(sealing, keys=(trusted_key(office, None),)).trust, kid) is None
    assert cut_off_of(None, kid) is None


def test_a_document_that_carries_something_else_hands_out_nothing(sealing: SealingRoom) -> None:
    strange = FILES | {DATA_SET_FILE: b"\xa0", CODE_FILE: "不是".encode()}

    found = judge(sealing.seal(write_small_pdf(pdf_objects(strange)), data_set=sha256(b"\xa0").digest()), sealing)

    assert (found.data_set, found.token_text) == (None, None)
    assert codes(found, Check.LOG) == [("log.proven", Outcome.PASSED)]
    bare = judge(sealing.seal(write_small_pdf(pdf_objects({}))), sealing)
    assert (bare.data_set, bare.token_text, bare.metadata) == (None, None, None)
    assert codes(bare, Check.LOG) == [("log.wrong", Outcome.FAILED)]


@pytest.mark.parametrize("organisation", ["", "示例", "11999999MB28675210示例", BUREAU[:17]])
def test_an_organisation_without_a_code_has_none(organisation: str) -> None:
    assert issuer_uscc(BUREAU + "示例市") == BUREAU
    assert issuer_uscc(organisation) is None
