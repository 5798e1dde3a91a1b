"""Acts on keys in a running town: rotated, revoked, cut off, certified outside; what follows for who checks."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keys.custody import DEPLOYMENT, KeyName
from keys.errors import (
    CertificateChainError,
    CertificateFormError,
    CertificateKeyError,
    CertificateOutsideError,
    KeyMissingError,
)
from keys.revocation import Reason
from registry import artefacts, leaves
from registry.db import reading
from registry.errors import ArtefactOrderError
from signer import key_register
from signer.errors import CutOffError, SigningKeyError
from signer.key_acts import (
    CERTIFICATE,
    certify_key,
    certify_seal_key,
    cut_off_key,
    install_certificate,
    keep_revocation_list,
    make_key,
    renew_revocation_lists,
    request_certificate,
    revoke_certificate,
    rotate_key,
)
from signer.public_lists import newest_trust_list
from signer.trust_lists import renew_trust_list
from tests.certificate_maker import SM2_WITH_SM3, STACKS, Party
from tests.town import BUREAU, NOW, ORIGIN, PERSONS, SETTINGS, Town
from verify.algorithms import Algorithm, check_signature
from verify.certificates import find_path, read_certificate
from verify.der import BIT_STRING, SEQUENCE, read_whole
from verify.examine import RejectedError, examine, examine_text
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.qr_token import decode_token
from verify.report import Check, Outcome
from verify.revocation import Revocation, read_revocation_list, revocation_of

DAY = timedelta(days=1)
SEAL_CODE = "11990000000001"


def _events(town: Town, since: int) -> list[str]:
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size
        entries = [LogEntry.decode(each.entry) for each in leaves.entries(tx, ORIGIN, since, size)]
    return [str(each.detail[1]) for each in entries if each.kind is EntryKind.KEY and each.detail is not None]


def _size(town: Town) -> int:
    with reading(town.database) as tx:
        return leaves.head(tx, ORIGIN).size


def _outcome(town: Town, document: bytes, check: Check) -> Outcome:
    report = examine(document, town.evidence(), at=town.now)
    (finding,) = (each for each in report.findings if each.check is check)
    return finding.outcome


def test_a_rotated_key_signs_after_its_certificate_and_both_generations_are_trusted(town: Town) -> None:
    old = town.issues(town.food_draft())
    since = _size(town)
    town.clock.moves(DAY)
    for purpose in (KeyPurpose.CODE, KeyPurpose.DOCUMENT):
        key = rotate_key(town.key_desk, purpose, BUREAU, algorithm=Algorithm.ES256, persons=PERSONS, at=town.now)
        assert key.generation == 2
    certify_key(town.key_desk, key, town.bureau, persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    new = town.issues(town.food_draft())

    assert _events(town, since) == ["rotated", "rotated", "certified", "trust_list"]
    for issued in (old, new):
        assert _outcome(town, issued.document, Check.ISSUER) is Outcome.PASSED
        assert _outcome(town, issued.document, Check.SIGNATURE) is Outcome.PASSED


def test_documents_may_be_signed_with_rsa(town: Town) -> None:
    key = rotate_key(
        town.key_desk, KeyPurpose.DOCUMENT, BUREAU, algorithm=Algorithm.RS256, persons=PERSONS, at=town.now
    )
    certify_key(town.key_desk, key, town.bureau, persons=PERSONS, at=town.now)

    issued = town.issues(town.food_draft())

    assert _outcome(town, issued.document, Check.SIGNATURE) is Outcome.PASSED


def test_acts_done_again_change_nothing(town: Town) -> None:
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    certificate = town.key_desk.custody.chain(key)[0]
    since = _size(town)

    assert make_key(town.key_desk, KeyPurpose.DOCUMENT, BUREAU, persons=PERSONS, at=town.now) == key
    assert certify_key(town.key_desk, key, town.bureau, persons=PERSONS, at=town.now) == certificate

    assert _size(town) == since


def test_a_certificate_that_ran_out_is_made_anew(town: Town) -> None:
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    before = town.key_desk.custody.chain(key)[0]
    town.clock.moves(timedelta(days=3 * 365 + 1))

    after = certify_key(town.key_desk, key, town.bureau, persons=PERSONS, at=town.now)

    assert after != before
    with reading(town.database) as tx:
        assert artefacts.latest(tx, CERTIFICATE, key.text) == after


def test_a_revoked_certificate_stands_in_the_list_once_and_new_documents_are_refused(town: Town) -> None:
    issued = town.issues(town.food_draft())
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    since = _size(town)
    town.clock.moves(DAY)

    first, national = revoke_certificate(town.key_desk, key, reason=Reason.KEY_COMPROMISE, persons=PERSONS, at=town.now)
    town.clock.moves(DAY)
    second, _ = revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)

    lists = [x509.load_der_x509_crl(each) for each in (first, second)]
    serial = x509.load_der_x509_certificate(town.key_desk.custody.chain(key)[0]).serial_number
    revoked = [each.get_revoked_certificate_by_serial_number(serial) for each in lists]
    assert [each.revocation_date_utc for each in revoked if each is not None] == [NOW + DAY, NOW + DAY]
    assert _events(town, since) == ["revoked"]
    assert town.desk.revocation()[0] == second
    assert not list(x509.load_der_x509_crl(national))  # the other authority did not revoke it
    assert _outcome(town, issued.document, Check.ISSUER) is Outcome.PASSED  # signed before
    with pytest.raises(SigningKeyError):
        town.issues(town.food_draft())


def test_what_has_no_certificate_cannot_be_revoked(town: Town) -> None:
    with pytest.raises(KeyMissingError):
        revoke_certificate(
            town.key_desk,
            town.desk.key(KeyPurpose.CODE, BUREAU),
            reason=Reason.SUPERSEDED,
            persons=PERSONS,
            at=town.now,
        )


def test_revocation_lists_are_numbered_and_end_in_a_month(town: Town) -> None:
    numbers = []
    for _ in range(2):
        content, national = renew_revocation_lists(town.key_desk, at=town.now)
        parsed = x509.load_der_x509_crl(content)
        numbers.append(parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
        assert parsed.next_update_utc == NOW + timedelta(days=30)
        numbers.append(read_number(national))

    assert numbers == [2, 2, 3, 3]


def read_number(content: bytes) -> int:
    return x509.load_der_x509_crl(content).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_seal_has_a_key_and_a_certificate_by_the_national_authority_once(town: Town) -> None:
    since = _size(town)

    key, certificate = certify_seal_key(town.key_desk, SEAL_CODE, town.bureau, persons=PERSONS, at=town.now)

    assert key == KeyName(KeyPurpose.SEAL, SEAL_CODE)
    assert _events(town, since) == ["made", "certified"]
    again = certify_seal_key(town.key_desk, SEAL_CODE, town.bureau, persons=PERSONS, at=town.now)
    assert again == (key, certificate)
    assert _events(town, since) == ["made", "certified"]
    read = read_certificate(certificate)
    assert (read.common_name, read.organisation) == (SEAL_CODE, BUREAU + town.bureau.name)
    chain = town.key_desk.custody.chain(key)
    path = find_path(certificate, chain, town.desk.trust().authorities, KeyPurpose.SEAL)
    assert revocation_of(path, town.desk.revocation(), at=town.now) == Revocation(is_known=True)
    (point,) = (
        x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    )
    assert point.full_name is not None
    assert point.full_name[0].value == SETTINGS.national_crl_url


def test_a_revoked_seal_stands_in_the_national_list_alone(town: Town) -> None:
    key, certificate = certify_seal_key(town.key_desk, SEAL_CODE, town.bureau, persons=PERSONS, at=town.now)

    international, national = revoke_certificate(
        town.key_desk, key, reason=Reason.KEY_COMPROMISE, persons=PERSONS, at=town.now
    )

    serial = read_certificate(certificate).serial_number
    assert read_revocation_list(national).revoked == {serial: (NOW, x509.ReasonFlags.key_compromise)}
    assert not read_revocation_list(international).revoked
    path = find_path(certificate, (), town.desk.trust().authorities, KeyPurpose.SEAL)
    assert revocation_of(path, town.desk.revocation(), at=town.now).revoked_at == NOW


def test_the_trust_list_names_a_stolen_key_of_a_seal_with_its_cut_off_and_no_other_seal(town: Town) -> None:
    key, certificate = certify_seal_key(town.key_desk, SEAL_CODE, town.bureau, persons=PERSONS, at=town.now)
    certify_seal_key(town.key_desk, "11990000000002", town.bureau, persons=PERSONS, at=town.now)
    size = _size(town)

    cut_off_key(town.key_desk, key, persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    named = [
        (issuer.issuer, each.kid, each.algorithm, each.cut_off)
        for issuer in newest_trust_list(town.database).issuers
        for each in issuer.keys
        if each.use == TRUST_LIST_USE[KeyPurpose.SEAL]
    ]
    assert named == [(BUREAU, read_certificate(certificate).kid, Algorithm.SM2, (ORIGIN, size))]


def test_codes_of_a_department_may_be_signed_with_sm2(town: Town) -> None:
    key = rotate_key(town.key_desk, KeyPurpose.CODE, BUREAU, algorithm=Algorithm.SM2, persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    issued = town.issues(town.food_draft())

    token = decode_token(issued.record.token_text)
    assert (token.algorithm, token.kid) == (Algorithm.SM2, town.key_desk.custody.public_key(key).kid)
    report = examine_text(token.text, town.evidence(), at=town.now)
    assert {each.check: each.outcome for each in report.findings}[Check.SIGNATURE] is Outcome.PASSED
    assert _outcome(town, issued.document, Check.SIGNATURE) is Outcome.PASSED


def test_a_rotated_seal_maker_has_a_new_certificate_and_the_old_one_stays_good(town: Town) -> None:
    old = town.desk.key(KeyPurpose.SEAL_MAKER, DEPLOYMENT)
    key = rotate_key(
        town.key_desk, KeyPurpose.SEAL_MAKER, DEPLOYMENT, algorithm=Algorithm.SM2, persons=PERSONS, at=town.now
    )
    certify_key(town.key_desk, key, town.bureau, persons=PERSONS, at=town.now)

    for each in (old, key):
        chain = town.key_desk.custody.chain(each)
        assert find_path(chain[0], chain, town.desk.trust().authorities, KeyPurpose.SEAL_MAKER)
    assert town.key_desk.custody.public_key(old) != town.key_desk.custody.public_key(key)


def test_a_seal_may_be_certified_by_an_outside_authority_with_sm2(town: Town) -> None:
    key = make_key(town.key_desk, KeyPurpose.SEAL, SEAL_CODE, persons=PERSONS, at=town.now)
    outside = STACKS[1]
    request = request_certificate(town.key_desk, key, town.bureau, at=town.now)
    info, algorithm, signature = read_request(request)
    spki = town.key_desk.custody.public_key(key).spki
    assert algorithm == SM2_WITH_SM3
    check_signature(Algorithm.SM2, spki, info, signature)
    assert spki in info

    leaf = Party(name=SEAL_CODE, issuer=outside.root, asked_for=spki)
    chain, roots = (leaf.certificate, outside.root.certificate), (outside.root.certificate,)
    with pytest.raises(CertificateChainError):
        install_certificate(
            town.key_desk, key, chain, anchors=(outside.new_root().certificate,), persons=PERSONS, at=town.now
        )
    install_certificate(town.key_desk, key, chain, anchors=roots, persons=PERSONS, at=town.now)
    crl = outside.root.revokes(issued_at=town.now, next_at=town.now + DAY)
    with pytest.raises(CertificateChainError):
        keep_revocation_list(town.key_desk, outside.new_root().revokes(), at=town.now)
    name = keep_revocation_list(town.key_desk, crl, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    assert name.startswith("authority-")
    path = find_path(leaf.certificate, chain, town.desk.trust().authorities, KeyPurpose.SEAL)
    assert revocation_of(path, town.desk.revocation(), at=town.now).is_known
    with pytest.raises(CertificateOutsideError):
        revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)


def read_request(request: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what a certificate request signs, the algorithm, and the signature."""
    frame = read_whole(request, SEQUENCE)
    info, algorithm, signature = frame.take_whole(SEQUENCE), frame.take_whole(SEQUENCE), frame.take(BIT_STRING)
    frame.end()
    return info, algorithm, signature[1:]


def test_a_stolen_key_is_cut_off_at_the_size_of_the_log_and_keeps_its_first_cut_off(town: Town) -> None:
    key = town.desk.key(KeyPurpose.CODE, BUREAU)
    size = _size(town)

    entry = cut_off_key(town.key_desk, key, persons=PERSONS, at=town.now)
    again = cut_off_key(town.key_desk, key, persons=PERSONS, at=town.now + DAY)
    renew_trust_list(town.key_desk, at=town.now)

    assert entry == again == (ORIGIN, size)
    assert _events(town, size) == ["cut_off", "trust_list"]
    issuer = newest_trust_list(town.database).issuer(BUREAU)
    assert issuer is not None
    assert [each.cut_off for each in issuer.keys if each.use == 1] == [(ORIGIN, size)]


def test_a_theft_that_turns_out_to_be_older_moves_the_cut_off_back_and_never_forward(town: Town) -> None:
    key = town.desk.key(KeyPurpose.CODE, BUREAU)
    size = _size(town)

    set_at = [
        cut_off_key(town.key_desk, key, size=wanted, persons=PERSONS, at=town.now)
        for wanted in (size - 2, size - 2, size - 3, None)
    ]

    assert [reached for _, reached in set_at] == [size - 2, size - 2, size - 3, size - 3]
    assert _events(town, size) == ["cut_off", "cut_off"]
    for wrong in (size - 2, -1):
        with pytest.raises(CutOffError) as caught:
            cut_off_key(town.key_desk, key, size=wrong, persons=PERSONS, at=town.now)
        assert caught.value.params == {"max": str(size - 3)}


def test_a_size_that_the_log_has_not_reached_is_no_cut_off(town: Town) -> None:
    key, size = town.desk.key(KeyPurpose.CODE, BUREAU), _size(town)

    with pytest.raises(CutOffError):
        cut_off_key(town.key_desk, key, size=size + 1, persons=PERSONS, at=town.now)

    assert _size(town) == size


def _failures(town: Town, document: bytes) -> list[str]:
    report = examine(document, town.evidence(), at=town.now)
    return [each.code for each in report.findings if each.outcome is Outcome.FAILED]


def test_every_checker_learns_of_a_document_key_s_cut_off(sqlite_town: Town) -> None:
    town = sqlite_town
    before = town.issues(town.food_draft()).document
    cut_off_key(town.key_desk, town.desk.key(KeyPurpose.DOCUMENT, BUREAU), persons=PERSONS, at=town.now)
    after = town.issues(town.food_draft(holder_name="示例市新城餐饮有限公司")).document

    renew_trust_list(town.key_desk, at=town.now)

    assert _failures(town, before) == []
    assert _failures(town, after) == ["log.cut_off"]
    with pytest.raises(SigningKeyError):
        town.issues(town.food_draft(holder_name="示例市西城餐饮有限公司"))


def test_an_unknown_key_is_not_cut_off(town: Town) -> None:
    with pytest.raises(KeyMissingError):
        cut_off_key(town.key_desk, KeyName(KeyPurpose.CODE, BUREAU, 7), persons=PERSONS, at=town.now)


class OutsideAuthority:
    """A certificate authority that is not ours: made with another library, certifies what a request asks for."""

    def __init__(self, at: datetime) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.at = at
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outside CA")])
        self.root = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=0))

    def certifies(self, request: bytes) -> bytes:
        """Return a certificate for the request, after its own signature was checked."""
        parsed = x509.load_der_x509_csr(request)
        assert parsed.is_signature_valid
        public = parsed.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        return self._sign(parsed.subject, public, x509.BasicConstraints(ca=False, path_length=None))

    def revocation_list(self, *, at: datetime) -> bytes:
        """Return an empty revocation list."""
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(at)
            .next_update(at + 30 * DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(identifier, critical=False)
        )
        return built.sign(self.key, SHA256()).public_bytes(Encoding.DER)

    def _sign(self, subject: x509.Name, public: ec.EllipticCurvePublicKey, constraints: x509.BasicConstraints) -> bytes:
        usage = x509.KeyUsage(
            digital_signature=not constraints.ca,
            content_commitment=not constraints.ca,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=constraints.ca,
            crl_sign=constraints.ca,
            encipher_only=False,
            decipher_only=False,
        )
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.at - DAY)
            .not_valid_after(self.at + 365 * DAY)
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        return built.sign(self.key, SHA256()).public_bytes(Encoding.DER)


def test_a_key_certified_by_an_outside_authority_signs_and_its_root_stands_in_the_trust_list(town: Town) -> None:
    key = rotate_key(
        town.key_desk, KeyPurpose.DOCUMENT, BUREAU, algorithm=Algorithm.ES256, persons=PERSONS, at=town.now
    )
    outside = OutsideAuthority(town.now)
    since = _size(town)

    request = request_certificate(town.key_desk, key, town.bureau, at=town.now)
    chain = (outside.certifies(request), outside.root)
    install_certificate(town.key_desk, key, chain, anchors=(outside.root,), persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    assert outside.root in newest_trust_list(town.database).authorities
    assert _events(town, since) == ["certified", "trust_list"]
    with pytest.raises(RejectedError):
        town.issues(town.food_draft())  # nobody can say whether the certificate is revoked
    keep_revocation_list(town.key_desk, outside.revocation_list(at=town.now), at=town.now)
    issued = town.issues(town.food_draft())
    assert _outcome(town, issued.document, Check.SIGNATURE) is Outcome.PASSED


def test_an_outside_revocation_list_must_be_of_an_authority_above_us_and_never_goes_back(town: Town) -> None:
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    outside = OutsideAuthority(town.now)
    newer, older = (outside.revocation_list(at=town.now + days * DAY) for days in (1, 0))
    with pytest.raises(CertificateChainError):
        keep_revocation_list(town.key_desk, newer, at=town.now)
    chain = (outside.certifies(request_certificate(town.key_desk, key, town.bureau, at=town.now)), outside.root)
    install_certificate(town.key_desk, key, chain, anchors=(outside.root,), persons=PERSONS, at=town.now)

    name = keep_revocation_list(town.key_desk, newer, at=town.now)

    assert keep_revocation_list(town.key_desk, newer, at=town.now) == name
    with pytest.raises(ArtefactOrderError):
        keep_revocation_list(town.key_desk, older, at=town.now)
    with pytest.raises(CertificateFormError):
        keep_revocation_list(town.key_desk, b"no list", at=town.now)
    assert newer in town.desk.revocation()


def test_a_certificate_for_another_key_is_not_installed(town: Town) -> None:
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    other = make_key(town.key_desk, KeyPurpose.DOCUMENT, "119999990000000436", persons=PERSONS, at=town.now)
    outside = OutsideAuthority(town.now)
    chain = (outside.certifies(request_certificate(town.key_desk, other, town.bureau, at=town.now)), outside.root)
    since = _size(town)

    with pytest.raises(CertificateKeyError):
        install_certificate(town.key_desk, key, chain, anchors=(outside.root,), persons=PERSONS, at=town.now)

    assert _size(town) == since


def test_all_keys_ever_made_stand_in_the_register_also_those_destroyed(town: Town) -> None:
    key = town.desk.key(KeyPurpose.RECEIPT, DEPLOYMENT)
    town.key_desk.custody.destroy(key)

    with reading(town.database) as tx:
        entry = key_register.demand(tx, key)
        names = {each.key for each in key_register.all_keys(tx)}

    assert names == town.key_desk.custody.names() | {key}
    assert entry.public.kid
