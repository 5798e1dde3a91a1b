"""OpenSSL judges the time stamp of a receipt, zxing-cpp the code on its picture; veraPDF judges it with the licences."""

import base64
import subprocess
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from keys.installation import encode_pem_chain
from tests.peers.conftest import Printed, Shown


def test_the_code_on_a_printed_receipt_leads_to_a_check_of_it(printed: Printed) -> None:
    for file in printed.files:
        (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(file)[0].render(scale=150 / 72).to_pil())
        assert code.text.endswith(f"/r/{printed.receipt['receipt_id']}")


@pytest.mark.peer("openssl")
def test_openssl_verifies_the_time_stamp_of_a_receipt(shown: Shown, printed: Printed, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_bytes(encode_pem_chain(shown.trust.authorities))
    (tmp_path / "token.der").write_bytes(base64.b64decode(printed.receipt["timestamp"]))
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "token.der", "-CAfile", "roots.pem"]
    command += ["-attime", str(int(shown.town.now.timestamp())), "-digest"]

    for content, said in (
        (base64.b64decode(printed.receipt["cose"]), "Verification: OK"),
        (b"other", "imprint mismatch"),
    ):
        digest = sha256(content).hexdigest()
        done = subprocess.run([*command, digest], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert said in done.stdout + done.stderr
