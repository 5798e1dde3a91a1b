"""Verification receipts: the vector, the strict reader, and the two proofs, each with three answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.cose import encode_sign1, protected_header, sig_structure
from verify.errors import MalformedError
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import ED25519_TYPE, checkpoint_body, note_key_id, signature_line, verifier_key_text
from verify.receipt import (
    CONTENT_TYPE,
    RECEIPT_BYTES_MAX,
    STAMP_BYTES_MAX,
    Stamp,
    VerificationReceipt,
    VerificationReceiptError,
    assemble_receipt,
    check_numbers,
    check_verification_receipt,
    read_receipt,
    receipt_to_be_signed,
)
from verify.report import Check, Finding, Outcome
from verify.tree import Frontier, combine, inclusion_nodes, leaf_hash
from verify.trust import TrustedIssuer, TrustedKey, TrustList
from verify.verdict import Verdict

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
VECTOR: dict[str, Any] = VECTORS["verification_receipt"]
DATA = bytes.fromhex(VECTOR["signed_statement_hex"])
RECEIPT = read_receipt(DATA)
VECTOR_SPKI = bytes.fromhex(VECTORS["keys"]["receipt_es256"]["spki_der_hex"])
ORIGIN = "licences.test.example/log"
AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
KEY = ec.derive_private_key(11, ec.SECP256R1())
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(receipt: VerificationReceipt, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    kid = key_identifier(spki(KEY))
    signature = key.sign(receipt_to_be_signed(receipt, kid), ec.ECDSA(SHA256()))
    return assemble_receipt(receipt, kid, der_to_raw(signature))


def trust(public: bytes = spki(KEY), *, use: int = 3, cut_off: tuple[str, int] | None = None) -> TrustList:
    key = TrustedKey(
        kid=key_identifier(public),
        algorithm=Algorithm.ES256,
        spki=public,
        use=use,
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
        cut_off=cut_off,
    )
    issuers = tuple(
        TrustedIssuer(
            issuer=each, name=each, keys=(key,), status_prefix="https://licences.test.example/s/", licence_types=()
        )
        for each in ("one", "two")
    )
    raw = LOG_KEY.public_key().public_bytes_raw()
    return TrustList(
        sequence=7,
        issued_at=AT,
        expires_at=AT + timedelta(days=30),
        issuers=issuers,
        log_policy=f"log {verifier_key_text(ORIGIN, raw)}\nquorum none\n",
    )


def proof(data: bytes, *, kind: EntryKind = EntryKind.RECEIPT, index: int = 2, size: int = 4) -> str:
    """Return the proof of a log of ours in which this receipt has this place."""
    detail = {1: "licence", 2: "revoke"} if kind is EntryKind.STATE else None
    entry = LogEntry(kind=kind, time=AT, digest=sha256(data).digest(), detail=detail).encode()
    entries = [entry if place == index else b"other %d" % place for place in range(size)]
    hashes = [leaf_hash(each) for each in entries]
    frontier, nodes = Frontier().grow(hashes)
    known = {**nodes, **{(0, place): each for place, each in enumerate(hashes)}}
    body = checkpoint_body(ORIGIN, size, frontier.root)
    key_id = note_key_id(ORIGIN, ED25519_TYPE, LOG_KEY.public_key().public_bytes_raw())
    note = f"{body.decode()}\n{signature_line(ORIGIN, key_id, LOG_KEY.sign(body))}"
    return LogReceipt(entry=entry, index=index, path=combine(inclusion_nodes(index, size), known), note=note).to_text()


def flipped(place: int) -> bytes:
    return DATA[:place] + bytes([DATA[place] ^ 1]) + DATA[place + 1 :]


KEPT = replace(RECEIPT, made_at=AT, delete_after=AT + timedelta(days=3650))


def outcomes(data: bytes, known: TrustList | None, text: str) -> dict[str, Outcome]:
    return {each.code: each.outcome for each in check_verification_receipt(data, known, proof=text).findings}


def test_the_vector_is_read_and_written_again_to_the_same_bytes() -> None:
    assert assemble_receipt(RECEIPT, key_identifier(VECTOR_SPKI), DATA[-64:]) == DATA
    assert RECEIPT.licence_id == "89RBVZ9NYCEFXWTS"
    assert RECEIPT.presented == sha256(bytes.fromhex(VECTORS["cases"][0]["cose_sign1_hex"])).digest()
    assert RECEIPT.fields == (1, 2, 3, 4, 5, 6)
    assert RECEIPT.verdicts == (Verdict.VALID_EXPIRING, Verdict.VALID)


def test_the_vectors_signature_and_log_entry_are_those_of_the_note() -> None:
    check = check_verification_receipt(DATA, trust(VECTOR_SPKI))

    assert [each.code for each in check.findings][:2] == ["form.receipt_read", "signature.receipt_good"]
    entry = LogEntry.decode(bytes.fromhex(VECTOR["log_entry_hex"]))
    assert (entry.kind, entry.digest) == (EntryKind.RECEIPT, sha256(DATA).digest())
    assert leaf_hash(bytes.fromhex(VECTOR["log_entry_hex"])).hex() == VECTOR["leaf_hash_hex"]


def test_a_receipt_with_an_inclusion_proof_inside_is_not_the_form_that_we_write() -> None:
    check = check_verification_receipt(bytes.fromhex(VECTOR["transparent_statement_hex"]), trust(VECTOR_SPKI))

    assert check.receipt is None
    assert not check.is_good
    assert [(each.code, each.detail) for each in check.findings] == [("form.receipt_unreadable", "cose.header")]


def test_a_good_receipt_passes_with_its_place_in_the_log() -> None:
    data = signed(KEPT)

    check = check_verification_receipt(data, trust(), proof=proof(data))

    assert check.is_good
    assert (check.leaf, check.checkpoint and check.checkpoint.size) == (2, 4)


def test_without_trust_list_or_proof_nothing_is_called_good() -> None:
    data = signed(KEPT)

    assert outcomes(data, None, proof(data)) == {
        "form.receipt_read": Outcome.PASSED,
        "signature.receipt_no_trust_list": Outcome.UNKNOWN,
        "log.receipt_no_trust_list": Outcome.UNKNOWN,
    }
    assert outcomes(data, trust(), "")["log.receipt_no_proof"] is Outcome.UNKNOWN
    assert not check_verification_receipt(data, trust()).is_good


def test_a_key_of_another_use_is_never_found() -> None:
    data = signed(KEPT)

    assert outcomes(data, trust(use=1), proof(data))["signature.receipt_key_unknown"] is Outcome.UNKNOWN


def test_a_signature_of_another_key_with_the_same_id_fails() -> None:
    data = signed(KEPT, ec.derive_private_key(12, ec.SECP256R1()))

    assert outcomes(data, trust(), proof(data))["signature.receipt_bad"] is Outcome.FAILED


def test_a_receipt_of_before_its_key_fails() -> None:
    data = signed(replace(KEPT, made_at=datetime(2025, 12, 31, tzinfo=UTC)))

    assert outcomes(data, trust(), proof(data))["signature.receipt_out_of_period"] is Outcome.FAILED


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda data: proof(data + b"\x00"), "log.receipt_other"),
        (lambda data: proof(data, kind=EntryKind.STATE), "log.receipt_other"),
        (lambda data: proof(data).replace("index 2", "index 1"), "log.receipt_wrong"),
        (lambda data: proof(data)[:-9], "log.receipt_wrong"),
        (lambda _: "c2sp.org/tlog-proof@v1", "log.receipt_wrong"),
    ],
)
def test_a_proof_of_something_else_fails(spoil: Callable[[bytes], str], code: str) -> None:
    data = signed(KEPT)

    assert outcomes(data, trust(), spoil(data))[code] is Outcome.FAILED


@pytest.mark.parametrize(
    ("cut_off", "outcome"),
    [((ORIGIN, 3), Outcome.PASSED), ((ORIGIN, 2), Outcome.FAILED), (("elsewhere.example/log", 9), Outcome.FAILED)],
)
def test_a_stolen_key_is_believed_below_its_cut_off_only(cut_off: tuple[str, int], outcome: Outcome) -> None:
    data = signed(KEPT)

    (found,) = [
        each
        for each in check_verification_receipt(data, trust(cut_off=cut_off), proof=proof(data)).findings
        if each.check is Check.LOG
    ]

    assert found.outcome is outcome


def test_a_time_stamp_that_proves_nothing_or_cannot_be_checked_is_told_and_none_is_no_finding() -> None:
    data = signed(KEPT)
    known = trust()

    for token, trusted, code, outcome in (
        (b"0", known, "clock.receipt_stamp_bad", Outcome.FAILED),
        (bytes(STAMP_BYTES_MAX + 1), known, "clock.receipt_stamp_bad", Outcome.FAILED),
        (b"0", None, "clock.receipt_stamp_unchecked", Outcome.UNKNOWN),
    ):
        check = check_verification_receipt(data, trusted, proof=proof(data), stamp=Stamp(token=token, at=AT))
        assert [(each.code, each.outcome) for each in check.findings][3:] == [(code, outcome)]
        assert not check.is_good
    assert len(check_verification_receipt(data, known, stamp=Stamp(token=b"", at=AT)).findings) == 3


def test_what_there_is_not_is_left_out_and_read_as_nothing() -> None:
    bare = replace(RECEIPT, licence_id="", presented=b"", operator=b"", case_number="", fields=())

    assert read_receipt(signed(bare)) == bare


@pytest.mark.parametrize(
    "change",
    [
        {1: ""},
        {2: b"short"},
        {3: 1},
        {3: 22},
        {3: True},
        {4: {"sig": -1}},
        {4: {"": 0}},
        {4: {1: 0}},
        {4: []},
        {5: ""},
        {6: b"fifteen bytes.."},
        {7: "x" * 65},
        {8: ""},
        {9: 5},
        {10: [2, 1]},
        {10: [1, 1]},
        {10: ["1"]},
        {10: {}},
        {11: 1},
        {11: 1 << 62},
        {12: b""},
        {13: 0},
        {"x": 0},
    ],
)
def test_a_claim_of_another_form_is_refused(change: dict[object, object]) -> None:
    claims = cbor.decode(RECEIPT.payload(), bytes_max=RECEIPT_BYTES_MAX)
    assert isinstance(claims, dict)
    claims[-70020] |= change

    with pytest.raises(VerificationReceiptError):
        read_receipt(encode_sign1(header(), cbor.encode(claims), bytes(64), tagged=True))


@pytest.mark.parametrize("key", [3, 4, 5, 7, 8, 10, 11, 12])
def test_what_must_be_there_is_demanded(key: int) -> None:
    claims = cbor.decode(RECEIPT.payload(), bytes_max=RECEIPT_BYTES_MAX)
    assert isinstance(claims, dict)
    del claims[-70020][key]

    with pytest.raises(VerificationReceiptError):
        read_receipt(encode_sign1(header(), cbor.encode(claims), bytes(64), tagged=True))


@pytest.mark.parametrize("change", [{1: 5}, {6: "now"}, {7: bytes(15)}, {4: 5}, {-70020: []}])
def test_the_outer_claims_are_these_and_no_others(change: dict[object, object]) -> None:
    claims = cbor.decode(RECEIPT.payload(), bytes_max=RECEIPT_BYTES_MAX)
    assert isinstance(claims, dict)

    with pytest.raises(VerificationReceiptError):
        read_receipt(encode_sign1(header(), cbor.encode(claims | change), bytes(64), tagged=True))


def test_claims_that_are_no_map_are_refused() -> None:
    with pytest.raises(VerificationReceiptError):
        read_receipt(encode_sign1(header(), cbor.encode([]), bytes(64), tagged=True))


def test_the_worst_finding_of_a_check_is_what_the_receipt_tells() -> None:
    findings = [
        Finding(Check.FORM, "form.read", Outcome.PASSED),
        Finding(Check.SIGNATURE, "signature.bad", Outcome.FAILED),
        Finding(Check.SIGNATURE, "signature.good", Outcome.PASSED),
        Finding(Check.LOG, "log.recorded", Outcome.PASSED),
        Finding(Check.LOG, "log.not_asked", Outcome.UNKNOWN),
    ]

    assert check_numbers(findings) == {"form": 0, "signature": 1, "log": 2}


@given(st.binary(max_size=200) | st.integers(0, len(DATA) - 1).map(flipped))
def test_bytes_of_a_stranger_never_raise(data: bytes) -> None:
    check = check_verification_receipt(data, trust(VECTOR_SPKI))

    assert not check.is_good


@given(
    st.builds(
        replace,
        st.just(RECEIPT),
        licence_id=st.text(st.characters(codec="utf-8"), max_size=16),
        checks=st.dictionaries(st.sampled_from(["form", "signature", "tl_seq"]), st.integers(0, 99)),
        case_number=st.text(st.characters(codec="utf-8"), max_size=30),
        operator=st.just(b"") | st.binary(min_size=16, max_size=32),
        fields=st.sets(st.integers(0, 200), max_size=9).map(lambda numbers: tuple(sorted(numbers))),
    )
)
def test_writing_and_reading_are_inverse(receipt: VerificationReceipt) -> None:
    data = encode_sign1(header(), receipt.payload(), bytes(64), tagged=True)

    assert read_receipt(data) == receipt


@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"\x00", DATA[1:], bytes(RECEIPT_BYTES_MAX + 1)])
def test_cut_or_longer_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_receipt(data)


def test_the_signature_covers_header_and_claims() -> None:
    kid = key_identifier(spki(KEY))

    assert receipt_to_be_signed(RECEIPT, kid) == sig_structure(header(), RECEIPT.payload())


def header() -> bytes:
    return protected_header(Algorithm.ES256, key_identifier(spki(KEY)), content_type=CONTENT_TYPE)
