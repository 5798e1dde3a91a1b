"""pyHanko and poppler's pdfsig accept the signature of every licence as PAdES B-T, and refuse changed ones."""

import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from tests.peers.conftest import Shown


def _judge(document: bytes, shown: Shown) -> PdfSignatureStatus:
    """Let pyHanko validate the one signature, with the trust list's authorities as its roots and nothing fetched."""
    signature = PdfFileReader(BytesIO(document), strict=True).embedded_signatures[0]
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(each) for each in shown.trust.authorities],
        crls=[crl.CertificateList.load(each) for each in shown.crls],
        allow_fetching=False,
        moment=shown.town.now + timedelta(minutes=1),
        revocation_mode="hard-fail",
    )
    return validate_pdf_signature(signature, signer_validation_context=context, ts_validation_context=context)


def test_pyhanko_accepts_every_licence_as_it_was_signed(shown: Shown) -> None:
    for licence in shown.licences:
        status = _judge(licence.document, shown)

        assert status.bottom_line, (licence.path.name, status.pretty_print_details())
        assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        assert status.modification_level is ModificationLevel.NONE
        assert status.timestamp_validity is not None
        assert status.timestamp_validity.trusted
        assert status.timestamp_validity.timestamp == shown.town.now


def test_pyhanko_sees_the_form_of_pades(shown: Shown) -> None:
    for licence in shown.licences:
        signature = PdfFileReader(BytesIO(licence.document)).embedded_signatures[0]
        attributes = {each["type"].native for each in signature.signer_info["signed_attrs"]}

        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        assert {"content_type", "message_digest", "signing_certificate_v2"} <= attributes
        assert "signing_time" not in attributes  # ETSI EN 319 142-1, 6.3: the time stands in /M and in the time stamp


@pytest.mark.parametrize("share", [0.02, 0.2, 0.45, 0.7, 0.9, 0.97])
def test_pyhanko_refuses_a_licence_with_one_byte_changed(shown: Shown, share: float) -> None:
    licence = shown.licences[1].document
    hole = licence.index(b"/Contents<") + len(b"/Contents<")
    end = licence.index(b">", hole)
    place = int(share * len(licence))
    if hole <= place < end:
        place = end + 100
    changed = licence[:place] + bytes((licence[place] ^ 0x01,)) + licence[place + 1 :]

    try:
        is_good = _judge(changed, shown).bottom_line
    except Exception:  # noqa: BLE001 - a file that it cannot even read is refused too
        is_good = False

    assert not is_good


@pytest.mark.peer("pdfsig")
def test_pdfsig_accepts_every_licence(shown: Shown, tmp_path: Path) -> None:
    for licence in shown.licences:
        said = _pdfsig(licence.path, tmp_path)

        assert "Signature is Valid." in said, said
        assert "Total document signed" in said
        assert "Signature Type: ETSI.CAdES.detached" in said


@pytest.mark.peer("pdfsig")
def test_pdfsig_refuses_a_licence_with_one_byte_changed(shown: Shown, tmp_path: Path) -> None:
    document = bytearray(shown.licences[1].document)
    document[-400] ^= 0x01
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(document)

    said = _pdfsig(changed, tmp_path)

    assert "Signature is Valid." not in said
    assert "Digest Mismatch." in said


def _pdfsig(path: Path, home: Path) -> str:
    """Let pdfsig judge the signature alone: an empty home has no certificates, and nothing is asked of any network."""
    done = subprocess.run(
        ["pdfsig", "-nocert", str(path)], env={"HOME": str(home)}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr
