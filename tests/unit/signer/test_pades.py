"""Signing into the room of a page: what is signed, and that general CMS code agrees with what comes out."""

from hashlib import sha256

import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from keys.authority import Profile
from keys.custody import KeyName
from signer.errors import HoleTooSmallError, UnsignedFormError, UnsupportedKeyError
from signer.pades import SignerParts, assemble_cms, document_digest, embed, signed_attributes
from signer.page.pdf import UnsignedPdf
from tests.key_room import BUREAU, DOCUMENT, KeyRoom
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose
from verify.log_proof import LogReceipt, check_receipt
from verify.mandate import Mandate
from verify.oids import LOG_PROOF, MANDATE

ROOM = 16_384
MANDATE_OF_FOOD = Mandate(
    item_code="1199999900000005113000131012000", legal_basis="《食品安全法》第三十五条", role="issuing_officer"
)
RSA = KeyName(KeyPurpose.DOCUMENT, BUREAU, 2)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """An office with two document keys, P-256 and RSA."""
    room = KeyRoom.found(tmp_path_factory.mktemp("pades") / "keys").open_office()
    room.make(RSA, Algorithm.RS256)
    room.certify(RSA, Profile.DEPARTMENT)
    return room


def _page(room: int = ROOM) -> UnsignedPdf:
    before, after = b"%PDF-1.7 /Contents", b" and the rest"
    content = bytearray(before + b"<" + b"0" * room + b">" + after)
    return UnsignedPdf(content=content, hole_start=len(before), hole_end=len(before) + room + 2)


def _sign(office: KeyRoom, key: KeyName, page: UnsignedPdf) -> tuple[bytes, bytes, LogReceipt]:
    """Return the CMS, the signed attributes, and the log receipt, as issuing makes them."""
    parts = SignerParts.of(office.custody.chain(key), office.custody.public_key(key).algorithm)
    attributes = signed_attributes(parts, document_digest(page), MANDATE_OF_FOOD)
    receipt = office.intent(key, attributes)
    signature = office.custody.sign(key, attributes, receipt=receipt)
    stamp = office.stamps().stamp(sha256(signature).digest())
    return assemble_cms(parts, attributes, signature, timestamp=stamp, receipt=receipt), attributes, receipt


@pytest.mark.parametrize("key", [DOCUMENT, RSA], ids=["P-256", "RSA"])
def test_a_general_library_reads_the_signature_and_the_certificates_key_verifies_it(
    office: KeyRoom, key: KeyName
) -> None:
    page = _page()

    encoded, attributes, _ = _sign(office, key, page)

    content = cms.ContentInfo.load(encoded, strict=True)
    signed = content["content"]
    (signer,) = signed["signer_infos"]
    public = load_der_x509_certificate(office.custody.chain(key)[0]).public_key()
    signature = signer["signature"].native
    if isinstance(public, RSAPublicKey):
        public.verify(signature, attributes, PKCS1v15(), SHA256())
    else:
        assert isinstance(public, EllipticCurvePublicKey)
        public.verify(signature, attributes, ECDSA(SHA256()))
    assert signer["signed_attrs"].untag().dump() == attributes
    assert {each.chosen.dump() for each in signed["certificates"]} == set(office.custody.chain(key))


def test_what_is_signed_is_the_page_without_its_room_and_the_mandate(office: KeyRoom) -> None:
    page = _page()
    parts = SignerParts.of(office.custody.chain(DOCUMENT), Algorithm.ES256)

    attributes = signed_attributes(parts, document_digest(page), MANDATE_OF_FOOD)

    read = {each["type"].dotted: each["values"][0] for each in cms.CMSAttributes.load(attributes)}
    digest = sha256(b"%PDF-1.7 /Contents and the rest").digest()
    assert read["1.2.840.113549.1.9.4"].native == digest
    assert read[MANDATE].dump() == MANDATE_OF_FOOD.encode()
    (certificate,) = read["1.2.840.113549.1.9.16.2.47"]["certs"]
    assert certificate["cert_hash"].native == sha256(office.custody.chain(DOCUMENT)[0]).digest()
    assert attributes[0] == 0x31


def test_time_stamp_and_log_proof_stand_beside_the_signature(office: KeyRoom) -> None:
    encoded, attributes, receipt = _sign(office, DOCUMENT, _page())

    (signer,) = cms.ContentInfo.load(encoded)["content"]["signer_infos"]
    unsigned = {each["type"].dotted: each["values"][0] for each in signer["unsigned_attrs"]}
    proof = LogReceipt.from_text(unsigned[LOG_PROOF].parse().native)
    stamp = tsp.TSTInfo.load(
        cms.ContentInfo.load(unsigned["1.2.840.113549.1.9.16.2.14"].dump())["content"]["encap_content_info"][
            "content"
        ].contents
    )
    assert proof == receipt
    check_receipt(proof, (office.verifier,), to_be_signed=attributes)
    assert stamp["message_imprint"]["hashed_message"].native == sha256(signer["signature"].native).digest()


def test_the_signature_fills_the_room_from_its_start_and_changes_nothing_else(office: KeyRoom) -> None:
    page = _page()
    before = bytes(page.content)
    encoded, _, _ = _sign(office, DOCUMENT, page)

    document = embed(page, encoded)

    start, digits = page.hole_start + 1, encoded.hex().encode()
    assert document[start : start + len(digits)] == digits
    assert document[: page.hole_start] == before[: page.hole_start]
    assert document[page.hole_end :] == before[page.hole_end :]
    assert set(document[start + len(digits) : page.hole_end - 1]) == {0x30}
    assert document_digest(page) == document_digest(_page())


def test_a_signature_of_a_deep_log_fits_the_room_with_space_to_spare(office: KeyRoom) -> None:
    encoded, _, receipt = _sign(office, DOCUMENT, _page())
    longer = 40 * len("\n" + "A" * 44)  # a log of a thousand thousand million leaves has paths of 40 hashes

    assert 2 * (len(encoded) + longer + len(receipt.note)) < ROOM


def test_a_signature_that_does_not_fit_is_an_error_and_leaves_the_page_alone(office: KeyRoom) -> None:
    encoded, _, _ = _sign(office, DOCUMENT, _page())
    page = _page(2 * len(encoded) - 2)
    before = bytes(page.content)

    with pytest.raises(HoleTooSmallError):
        embed(page, encoded)

    assert bytes(page.content) == before
    assert embed(_page(2 * len(encoded)), encoded)


@pytest.mark.parametrize("shift", [(-1, 0), (0, 1)])
def test_a_page_whose_room_is_elsewhere_is_refused(shift: tuple[int, int]) -> None:
    page = _page()
    moved = UnsignedPdf(content=page.content, hole_start=page.hole_start + shift[0], hole_end=page.hole_end + shift[1])

    with pytest.raises(UnsignedFormError):
        document_digest(moved)


def test_keys_that_pdf_readers_do_not_know_and_keys_without_certificate_sign_no_document(office: KeyRoom) -> None:
    with pytest.raises(UnsupportedKeyError):
        SignerParts.of(office.custody.chain(DOCUMENT), Algorithm.ED25519)
    with pytest.raises(UnsupportedKeyError):
        SignerParts.of((), Algorithm.ES256)
