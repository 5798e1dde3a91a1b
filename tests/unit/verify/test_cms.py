"""CMS by hand: what our signatures look like, and that nothing else passes for one."""

from dataclasses import replace
from hashlib import sha256

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.pades import assemble_cms
from tests.certificate_maker import Party, root
from tests.key_room import DOCUMENT, KeyRoom
from tests.small_pdf import MANDATE, SealingRoom, pdf_objects, write_small_pdf
from verify.algorithms import SignatureError
from verify.cms import (
    ATTRIBUTES_MAX,
    CERTIFICATES_MAX,
    CMS_BYTES_MAX,
    CONTENT_TYPE,
    DATA,
    SHA_256,
    SHA_256_NULL,
    SIGNING_CERTIFICATE,
    TST_INFO,
    CmsError,
    read_our_cms,
    read_signed_data,
)
from verify.der import integer, object_identifier, octet_string, sequence, set_of, tlv
from verify.errors import MalformedError
from verify.log_proof import LogReceipt
from verify.oids import LOG_PROOF
from verify.oids import MANDATE as MANDATE_OID

SIGNED_DATA = object_identifier("1.2.840.113549.1.7.2")
MESSAGE_DIGEST = object_identifier("1.2.840.113549.1.9.4")
ECDSA = sequence(object_identifier("1.2.840.10045.4.3.2"))
PLAIN_RSA = sequence(object_identifier("1.2.840.113549.1.1.1"), b"\x05\x00")
RSA_WITH_SHA256 = sequence(object_identifier("1.2.840.113549.1.1.11"), b"\x05\x00")
SIGNER = Party(name="signer", issuer=root())
NAMED = sequence(sequence(sequence(octet_string(sha256(SIGNER.certificate).digest()))))


@pytest.fixture(scope="module")
def our_cms(sealing: SealingRoom) -> bytes:
    return sealing.cms(write_small_pdf(pdf_objects()))


def attribute(name: bytes, *values: bytes) -> bytes:
    return sequence(name, set_of(values))


def our_attributes(**changes: bytes) -> list[bytes]:
    """Return the signed attributes of our documents; `changes` replace one, or leave it out when empty."""
    attributes = {
        "content_type": attribute(CONTENT_TYPE, DATA),
        "certificate": attribute(SIGNING_CERTIFICATE, NAMED),
        "digest": attribute(MESSAGE_DIGEST, octet_string(bytes(32))),
        "mandate": attribute(object_identifier(MANDATE_OID), MANDATE.encode()),
    }
    return [each for each in (attributes | changes).values() if each]


def signer_info(**changes: bytes) -> bytes:
    certificate = asn1_x509.Certificate.load(SIGNER.certificate)
    parts = {
        "version": integer(1),
        "signer": sequence(certificate.issuer.dump(), certificate["tbs_certificate"]["serial_number"].dump()),
        "digest": SHA_256,
        "attributes": tlv(0xA0, *sorted(our_attributes())),
        "algorithm": ECDSA,
        "signature": octet_string(b"signature"),
        "unsigned": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def signed_data(**changes: bytes) -> bytes:
    """Return a CMS of our form, unsigned in truth; `changes` replace one of its parts."""
    parts = {
        "version": integer(1),
        "digests": set_of((SHA_256,)),
        "content": sequence(DATA),
        "certificates": tlv(0xA0, SIGNER.certificate),
        "lists": b"",
        "signers": set_of((signer_info(),)),
        "more": b"",
    }
    return sequence(SIGNED_DATA, tlv(0xA0, sequence(*(parts | changes).values())))


def test_our_cms_is_read_as_asn1crypto_reads_it(our_cms: bytes, office: KeyRoom) -> None:
    read = read_our_cms(our_cms)
    other = asn1_cms.ContentInfo.load(our_cms)["content"]
    (info,) = other["signer_infos"]

    assert read.mandate == MANDATE
    assert read.certificate.encoded == office.custody.chain(DOCUMENT)[0]
    assert read.signed.signature == info["signature"].native
    assert read.signed.to_be_signed == info["signed_attrs"].untag().dump()
    assert {each.dump() for each in (choice.chosen for choice in other["certificates"])} == set(
        read.signed.certificates
    )
    assert read.timestamp is not None
    assert read.log_proof is not None
    assert LogReceipt.from_text(read.log_proof).to_text() == read.log_proof
    read.signed.check(read.certificate)


def test_a_signature_of_other_attributes_does_not_fit(our_cms: bytes) -> None:
    read = read_our_cms(our_cms)
    with pytest.raises(SignatureError):
        replace(read.signed, to_be_signed=read.signed.to_be_signed + b"\x00").check(read.certificate)


def test_time_stamp_and_log_proof_may_be_missing_and_are_told_so() -> None:
    read = read_our_cms(signed_data())

    assert (read.timestamp, read.log_proof) == (None, None)
    assert read.certificate.encoded == SIGNER.certificate
    unsigned = attribute(object_identifier(LOG_PROOF), tlv(0x0C, b"proof"))
    with_proof = read_our_cms(signed_data(signers=set_of((signer_info(unsigned=tlv(0xA1, unsigned)),))))
    assert (with_proof.timestamp, with_proof.log_proof) == (None, "proof")


SIGNERS: dict[str, dict[str, bytes]] = {
    "another version of the signer": {"version": integer(3)},
    "a signer named by his key": {"signer": tlv(0x80, bytes(20))},
    "another digest of the signer": {"digest": sequence(object_identifier("2.16.840.1.101.3.4.2.3"))},
    "no signed attributes": {"attributes": b""},
    "another algorithm": {"algorithm": sequence(object_identifier("1.2.840.10045.4.3.3"))},
    "an algorithm that only strangers write": {"algorithm": PLAIN_RSA},
    "something behind": {"more": integer(1)},
    "digest parameters that we do not write": {"digest": SHA_256_NULL},
    "an unsigned attribute of others": {"unsigned": tlv(0xA1, attribute(object_identifier("1.2.3.4"), integer(1)))},
    "a proof that is no text": {"unsigned": tlv(0xA1, attribute(object_identifier(LOG_PROOF), integer(1)))},
    "a proof that is no UTF-8": {"unsigned": tlv(0xA1, attribute(object_identifier(LOG_PROOF), tlv(0x0C, b"\xff")))},
    "two proofs": {"unsigned": tlv(0xA1, attribute(object_identifier(LOG_PROOF), tlv(0x0C, b"1"), tlv(0x0C, b"2")))},
}
ATTRIBUTES: dict[str, list[bytes]] = {
    "no mandate": our_attributes(mandate=b""),
    "no digest": our_attributes(digest=b""),
    "no certificate named": our_attributes(certificate=b""),
    "an attribute twice": [*our_attributes(), attribute(CONTENT_TYPE, DATA)],
    "an attribute more": [*our_attributes(), attribute(object_identifier("1.2.3.4"), integer(1))],
    "an attribute without a value": our_attributes(digest=sequence(MESSAGE_DIGEST, set_of(()))),
    "another content": our_attributes(content_type=attribute(CONTENT_TYPE, TST_INFO)),
    "a digest twice": our_attributes(digest=attribute(MESSAGE_DIGEST, octet_string(b"1"), octet_string(b"2"))),
    "no octets for a digest": our_attributes(digest=attribute(MESSAGE_DIGEST, integer(1))),
    "a mandate that is none": our_attributes(mandate=attribute(object_identifier(MANDATE_OID), sequence())),
    "another certificate named": our_attributes(
        certificate=attribute(SIGNING_CERTIFICATE, sequence(sequence(sequence(octet_string(bytes(32))))))
    ),
    "a certificate named by another digest": our_attributes(
        certificate=attribute(
            SIGNING_CERTIFICATE,
            sequence(
                sequence(sequence(sequence(object_identifier("2.16.840.1.101.3.4.2.3")), octet_string(bytes(64))))
            ),
        )
    ),
    "too many attributes": [
        *our_attributes(),
        *(attribute(object_identifier(f"1.2.3.{each}"), integer(1)) for each in range(ATTRIBUTES_MAX)),
    ],
}
WHOLES: dict[str, bytes] = {
    "nothing": b"",
    "too long": bytes(CMS_BYTES_MAX + 1),
    "another type": sequence(object_identifier("1.2.840.113549.1.7.1"), tlv(0xA0, sequence())),
    "something behind": signed_data() + b"\x00",
    "something beside": sequence(SIGNED_DATA, tlv(0xA0, sequence(), sequence())),
    "another version": signed_data(version=integer(3)),
    "an unknown version": signed_data(version=integer(4)),
    "two digests": signed_data(digests=set_of((SHA_256, SHA_256_NULL))),
    "another digest": signed_data(digests=set_of((sequence(object_identifier("2.16.840.1.101.3.4.2.3")),))),
    "digest parameters that we do not write": signed_data(digests=set_of((SHA_256_NULL,))),
    "a content inside": signed_data(content=sequence(DATA, tlv(0xA0, octet_string(b"inside")))),
    "a content of no octets": signed_data(content=sequence(DATA, tlv(0xA0, integer(1)))),
    "another content": signed_data(content=sequence(TST_INFO)),
    "no certificates": signed_data(certificates=b""),
    "other certificates": signed_data(certificates=tlv(0xA0, root().certificate)),
    "the certificate twice": signed_data(certificates=tlv(0xA0, SIGNER.certificate, SIGNER.certificate)),
    "no certificate at all": signed_data(certificates=tlv(0xA0, sequence())),
    "too many certificates": signed_data(
        certificates=tlv(0xA0, *(sequence(integer(each)) for each in range(CERTIFICATES_MAX + 1)))
    ),
    "revocation lists": signed_data(lists=tlv(0xA1, sequence())),
    "two signers": signed_data(signers=set_of((signer_info(), signer_info(signature=octet_string(b"other"))))),
    "something more": signed_data(more=integer(1)),
}


@pytest.mark.parametrize("data", WHOLES.values(), ids=WHOLES.keys())
def test_another_whole_is_not_of_our_form(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_our_cms(data)


@pytest.mark.parametrize("changes", SIGNERS.values(), ids=SIGNERS.keys())
def test_another_signer_is_not_of_our_form(changes: dict[str, bytes]) -> None:
    with pytest.raises(MalformedError):
        read_our_cms(signed_data(signers=set_of((signer_info(**changes),))))


@pytest.mark.parametrize("attributes", ATTRIBUTES.values(), ids=ATTRIBUTES.keys())
def test_other_attributes_are_not_of_our_form(attributes: list[bytes]) -> None:
    info = signer_info(attributes=tlv(0xA0, *sorted(attributes)))
    with pytest.raises(MalformedError):
        read_our_cms(signed_data(signers=set_of((info,))))


def test_a_certificate_named_with_its_digest_algorithm_is_the_same() -> None:
    for algorithm in (SHA_256, SHA_256_NULL):
        named = sequence(sequence(sequence(algorithm, octet_string(sha256(SIGNER.certificate).digest()))))
        attributes = our_attributes(certificate=attribute(SIGNING_CERTIFICATE, named))
        info = signer_info(attributes=tlv(0xA0, *sorted(attributes)))
        assert read_our_cms(signed_data(signers=set_of((info,)))).certificate.common_name == "signer"


def test_rsa_is_read_under_both_of_its_names_but_ours_has_one() -> None:
    for algorithm in (PLAIN_RSA, RSA_WITH_SHA256):
        data = signed_data(signers=set_of((signer_info(algorithm=algorithm),)))
        assert read_signed_data(data).signature_algorithm == algorithm
    assert read_our_cms(signed_data(signers=set_of((signer_info(algorithm=RSA_WITH_SHA256),))))


def test_one_with_both_unsigned_attributes_reads_as_it_was_put_together(sealing: SealingRoom) -> None:
    unsigned = write_small_pdf(pdf_objects())
    attributes = sealing.attributes(unsigned)
    receipt = sealing.intent(attributes)

    read = read_our_cms(
        assemble_cms(sealing.parts, attributes, b"signature", timestamp=sequence(integer(7)), receipt=receipt)
    )

    assert read.timestamp == sequence(integer(7))
    assert read.log_proof == receipt.to_text()
    assert read.signed.signature == b"signature"


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(CmsError):
        read_signed_data(data)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0), octet=st.integers(min_value=0, max_value=255))
def test_a_changed_byte_is_refused_or_seen(place: int, octet: int) -> None:
    data = signed_data()
    at = place % len(data)
    changed = data[:at] + bytes((octet,)) + data[at + 1 :]
    try:
        read = read_our_cms(changed)
    except MalformedError:
        return
    assert (changed == data) is (read == read_our_cms(data))
