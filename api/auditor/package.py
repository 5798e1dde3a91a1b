"""The evidence package: everything by which somebody else can follow what the auditor found, in one zip.

Promises:
  * Proofs are made from the published tiles, for every entry that a finding or the sample names; each can be checked by
    itself (C2SP tlog-proof).
  * `MANIFEST` names every file by its SHA-256; the signed working paper names the manifest.

    checkpoint (with its cosignatures) · kept-checkpoint · consistency · trust-list.cbor · policy · findings.json ·
    report/<month> · records/<leaf>.json · proofs/<leaf>.tlog-proof · seen/<n> (checkpoints from elsewhere) · MANIFEST ·
    working-paper.pdf
"""

import base64
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from api.auditor.checking import Checked
from api.auditor.files import close_source, lines, read_capped, write_whole
from api.auditor.paper import working_paper
from api.auditor.report import as_object
from api.auditor.request import RequestError
from api.auditor.words import Language
from verify.errors import MalformedError
from verify.log_audit.records import Rows
from verify.log_audit.tile_proofs import TileProofs

MANIFEST: Final = "MANIFEST"
PAPER: Final = "working-paper.pdf"
# A finding names one entry; beyond a thousand the proofs say nothing new.
PROOFS_MAX: Final = 1000
_PKCS12_BYTES_MAX: Final = 1 << 20
_MODE: Final = 0o644 << 16

Sign = Callable[[bytes], bytes]


def write_package(path: Path, checked: Checked, language: Language, *, sign: Sign | None) -> tuple[str, ...]:
    """Write the package and return the names in it. Raises `WriteError`, `ReadError`."""
    files = dict(_files(checked))
    close_source(checked.opened.reader)
    manifest = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())).encode()
    files[MANIFEST] = manifest
    files[PAPER] = working_paper(checked, sha256(manifest).digest(), language, sign=sign)
    write_whole(path, _zip(files, checked.at))
    return tuple(sorted(files))


def open_signer(path: Path, passphrase: bytes | None) -> Sign:
    """Return what signs with the key of a PKCS#12 file (RSA or P-256). Raises `RequestError`, `ReadError`."""
    try:
        opened = load_pkcs12(read_capped(path, _PKCS12_BYTES_MAX), passphrase)
    except ValueError as error:
        raise RequestError(params={"name": str(path), "reason": "not a PKCS#12, or another passphrase"}) from error
    key, certificate = opened.key, opened.cert
    if not isinstance(key, (RSAPrivateKey, EllipticCurvePrivateKey)) or certificate is None:
        raise RequestError(params={"name": str(path), "reason": "no RSA or P-256 key with its certificate"})

    def sign(content: bytes) -> bytes:
        made = PKCS7SignatureBuilder().set_data(content).add_signer(certificate.certificate, key, SHA256())
        for each in opened.additional_certs:
            made = made.add_certificate(each.certificate)
        options = (PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities)
        return made.sign(Encoding.DER, list(options))

    return sign


def _files(checked: Checked) -> Iterator[tuple[str, bytes]]:
    result, opened = checked.result, checked.opened
    yield "findings.json", json.dumps(as_object(checked), ensure_ascii=False, indent=1).encode()
    yield "trust-list.cbor", opened.trust_content
    yield "policy", opened.trust.log_policy.encode()
    for month, content in result.reports.items():
        yield f"report/{month}", content
    for number, shown in enumerate(opened.shown, 1):
        yield f"seen/{number}", f"{shown.note}".encode()
    if result.checkpoint is None:
        return
    yield "checkpoint", result.checkpoint.note.encode()
    proofs = TileProofs(opened.reader, checked.request.prefix, result.checkpoint)
    if result.kept is not None:
        yield "kept-checkpoint", result.kept.note.encode()
        if result.kept.size <= result.checkpoint.size:
            yield from _growth(proofs, result.kept.size)
    indexes = _indexes(checked)
    yield from _proofs(checked, proofs, indexes)
    yield from _records(checked, indexes)


def _growth(proofs: TileProofs, old_size: int) -> Iterator[tuple[str, bytes]]:
    try:
        path = proofs.growth(old_size)
    except MalformedError:
        return
    yield "consistency", "".join(base64.b64encode(each).decode() + "\n" for each in path).encode()


def _indexes(checked: Checked) -> tuple[int, ...]:
    """Return the entries that findings, the sample and the matched files name."""
    result = checked.result
    named = {int(each.params["index"]) for each in result.findings.found if each.params.get("index", "").isdecimal()}
    named |= {place for each in checked.files for place in each.places if place is not None}
    return tuple(sorted({*result.judge.sample.drawn(), *sorted(named)[:PROOFS_MAX]}))


def _proofs(checked: Checked, proofs: TileProofs, indexes: tuple[int, ...]) -> Iterator[tuple[str, bytes]]:
    size = 0 if checked.result.checkpoint is None else checked.result.checkpoint.size
    for index in indexes:
        entry = checked.audit.entry(index, size) if index < size else None
        if not entry:
            continue
        try:
            yield f"proofs/{index}.tlog-proof", proofs.inclusion(index, entry).to_text().encode()
        except MalformedError:  # its tile is among the findings
            continue


def _records(checked: Checked, indexes: tuple[int, ...]) -> Iterator[tuple[str, bytes]]:
    path = checked.request.records
    if path is None or checked.opened.manifest is None:
        return
    rows = Rows(lines(path, 0, checked.opened.records_end))
    try:
        for index in indexes:
            row = rows.row(index)
            if row is not None:
                yield f"records/{index}.json", json.dumps(row, ensure_ascii=False, indent=1).encode()
    except MalformedError:  # said in the findings
        return


def _zip(files: dict[str, bytes], at: datetime) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, at.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _MODE
            package.writestr(info, content)
    return buffer.getvalue()
