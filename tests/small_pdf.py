"""Small PDFs of the form that our page writer makes, without a page worth seeing, and documents signed from them.

The form is that of signer/page/pdf.py: objects in order, one classic table, the room for the signature in the first
revision, three attached files. A test changes one thing and sees what the reader says of it.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256

from keys.custody import KeyName
from signer.pades import SignerParts, assemble_cms, document_digest, embed, signed_attributes
from signer.page.pdf import UnsignedPdf
from signer.page.pdf_xmp import xmp_packet
from tests.key_room import AUTHORITY, BUREAU, DOCUMENT, NOW, KeyRoom
from verify.algorithms import Algorithm
from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.licence import DataSet
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.note import verifier_key_text
from verify.trust import TrustedIssuer, TrustedKey, TrustList
from verify.values import LicenceId, LicenceIdentifier

HOLE_DIGITS = 16_384
TYPE_CODE = "11100000MB03271699001"
MANDATE = Mandate(item_code=None, legal_basis="食品安全法 第三十五条", role="issuing_officer")
DATA_SET = DataSet(
    salt=bytes(range(16)),
    type_code=TYPE_CODE,
    number="JY13205080123456",
    holder_name="苏州市姑苏区平江路老字号糕团食品有限公司",
    holder_uscc="91610800064834709T",
    valid_from=date(2026, 3, 18),
    valid_until=date(2031, 3, 17),
    office_name="测试市行政审批局",
    fields={"KZ_ADDRESS": "江苏省苏州市平江路 1 号"},
    identifier=LicenceIdentifier("1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y"),
    licence_id=LicenceId(bytes(10)),
)
FILES = {
    CODE_FILE: b"https://zz.test.example/v/0000000000000000#1123",
    DATA_SET_FILE: DATA_SET.encode(),
    METADATA_FILE: b'{"ZZBH":"JY13205080123456"}',
}
ROOM_MARK = b"/ByteRange"
XMP = xmp_packet(title="licence", author="office", language="zh-CN", created=NOW)


def pdf_objects(files: Mapping[str, bytes] = FILES) -> dict[int, bytes]:
    """Return the objects of a small document by their number, as they stand between `obj` and `endobj`."""
    objects = {
        2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        3: b"<</Title(licence)/Producer(Yinzheng)>>",
        7: b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(XMP), XMP),
        4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.276 841.890]/Resources<<>>/Annots[6 0 R]>>",
        5: b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20261124080000Z)/ByteRange"
        + b" " * 40
        + b"/Contents<"
        + b"0" * HOLE_DIGITS
        + b">>>",
        6: b"<</FT/Sig/T(Sig1)/Type/Annot/Subtype/Widget/F 132/Rect[0 0 0 0]/P 4 0 R/V 5 0 R>>",
    }
    names = []
    number = 8
    for name, content in sorted(files.items()):
        deflated = zlib.compress(content)
        head = f"<</Type/EmbeddedFile/Params<</Size {len(content)}>>/Filter/FlateDecode/Length {len(deflated)}>>"
        objects[number] = head.encode() + b"\nstream\n" + deflated + b"\nendstream"
        objects[number + 1] = (
            f"<</Type/Filespec/F({name})/UF({name})/AFRelationship/Data/EF<</F {number} 0 R/UF {number} 0 R>>>>".encode()
        )
        names.append(f"({name}){number + 1} 0 R")
        number += 2
    objects[1] = (
        f"<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R/Lang(zh-CN)/AcroForm<</Fields[6 0 R]/SigFlags 3>>"
        f"/Names<</EmbeddedFiles<</Names[{''.join(names)}]>>>>/MarkInfo<</Marked true>>>>"
    ).encode()
    return objects


def write_small_pdf(objects: Mapping[int, bytes], *, trailer: str = "") -> UnsignedPdf:
    """Write objects as our writer does: in order, with their table, and with the byte range filled in."""
    content = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in sorted(objects.items()):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    entries = trailer or f"/Size {len(places) + 1}/Root 1 0 R/Info 3 0 R/ID[<{'ab' * 16}><{'ab' * 16}>]"
    content += b"trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (entries.encode(), table)
    hole_start = content.index(b"<" + b"0" * HOLE_DIGITS)
    hole_end = hole_start + HOLE_DIGITS + 2
    at = content.index(ROOM_MARK) + len(ROOM_MARK)
    byte_range = b"[0 %d %d %d]" % (hole_start, hole_end, len(content) - hole_end)
    content[at : at + len(byte_range)] = byte_range
    return UnsignedPdf(content=content, hole_start=hole_start, hole_end=hole_end)


@dataclass(kw_only=True)
class SealingRoom:
    """A key room that seals small documents, and the trust list by which they are judged."""

    office: KeyRoom
    key: KeyName = DOCUMENT
    at: datetime = NOW
    mandate: Mandate = MANDATE
    issuers: tuple[str, ...] = (BUREAU,)
    keys: tuple[TrustedKey, ...] = ()
    authorities: tuple[bytes, ...] = field(default=())

    def __post_init__(self) -> None:
        self.authorities = self.authorities or (self.office.custody.chain(AUTHORITY)[0],)

    @property
    def parts(self) -> SignerParts:
        return SignerParts.of(self.office.custody.chain(self.key), Algorithm.ES256)

    @property
    def trust(self) -> TrustList:
        """The trust list that names office, authority and log."""
        verifier = self.office.verifier
        return TrustList(
            sequence=1,
            issued_at=NOW - timedelta(days=1),
            expires_at=NOW + timedelta(days=29),
            issuers=tuple(
                TrustedIssuer(
                    issuer=each,
                    name="测试市行政审批局",
                    keys=self.keys,
                    status_prefix="https://zz.test.example/s/",
                    licence_types=(TYPE_CODE,),
                )
                for each in self.issuers
            ),
            log_policy=f"log {verifier_key_text(verifier.name, verifier.public)}\nquorum none\n",
            authorities=self.authorities,
        )

    def attributes(self, unsigned: UnsignedPdf) -> bytes:
        return signed_attributes(self.parts, document_digest(unsigned), self.mandate)

    def intent(self, attributes: bytes, **detail: object) -> LogReceipt:
        """Log the intent as issuing does; `detail` replaces purpose, kid or data set."""
        entry: dict[int, object] = {
            1: detail.get("purpose", "document"),
            2: detail.get("kid", self.office.custody.public_key(self.key).kid),
            3: detail.get("data_set", sha256(DATA_SET.encode()).digest()),
        }
        return self.office.append(EntryKind.INTENT, sha256(attributes).digest(), entry)

    def cms(self, unsigned: UnsignedPdf, **detail: object) -> bytes:
        """Log, sign, stamp."""
        attributes = self.attributes(unsigned)
        receipt = self.intent(attributes, **detail)
        signature = self.office.custody.sign(self.key, attributes, receipt=receipt)
        stamp = self.office.stamps(at=self.at).stamp(sha256(signature).digest())
        return assemble_cms(self.parts, attributes, signature, timestamp=stamp, receipt=receipt)

    def seal(self, unsigned: UnsignedPdf | None = None, **detail: object) -> bytes:
        """Return a signed small document."""
        page = unsigned or write_small_pdf(pdf_objects())
        return embed(page, self.cms(page, **detail))


def room_of(document: bytes) -> tuple[int, int]:
    """Return where the room of the first signature begins and ends."""
    found = re.search(rb"/ByteRange\[0 (\d+) (\d+) \d+\]", document)
    assert found
    return int(found[1]), int(found[2])


def with_cms(document: bytes, cms: bytes) -> bytes:
    """Return the document with another CMS in its room."""
    start, end = room_of(document)
    digits = cms.hex().encode()
    return document[: start + 1] + digits + b"0" * (end - start - 2 - len(digits)) + document[end - 1 :]
