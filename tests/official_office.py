"""A town that seals official documents: a bureau with its seal, a grant for documents, uploads, and a reader.

    office = OfficialOffice(town)                       # the bureau's seal, with one more grant, for documents only
    prepared = office.prepares(office.decision(3))      # an upload of three pages, its seal at the foot of the last
    sealed = office.seals(prepared)

The reader is the one of the sandbox, called in this process: what it does in the child is `tests/unit/api`'s to see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from api.sandbox_jobs import Prepare, open_answer, prepared_of
from api.sandbox_work import work
from registry.official_documents import OfficialRecord
from registry.seal_records import SealGrant
from signer.official import acts
from signer.official.acts import Wanted
from signer.official.places import Anchor, Placing
from signer.official.wishes import PreparedFile, SealWish
from signer.page.ofd_words import part
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from signer.page.seal_picture import draw_seal
from tests.seal_office import SealOffice
from tests.town import BUREAU, Town
from verify.examine import examine
from verify.report import Report

DOCUMENTS_BASIS = "中华人民共和国行政许可法 第三十八条"
FOOT = "PLACE OF THE SEAL"


@lru_cache(maxsize=1)
def picture() -> bytes:
    """Return the picture of the bureau's seal; drawing takes a moment."""
    return draw_seal("示例市行政审批服务局")


def plain_pdf(
    pages: int = 1, *, size: tuple[float, float] = (595.0, 842.0), more: bytes = b"", page: bytes = b""
) -> bytes:
    """Return an upload: pages with a line each, the place of the seal on the last; `more` goes into the catalog."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(pages))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % more,
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    for number in range(pages):
        words = FOOT if number == pages - 1 else f"page {number + 1}"
        content = b"BT /F 12 Tf 330 150 Td (%s) Tj ET" % words.encode()
        objects[4 + 2 * number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.1f %.1f]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R%s>>"
            % (*size, 5 + 2 * number, page)
        )
        objects[5 + 2 * number] = b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)
    written, places = bytearray(b"%PDF-1.7\n"), []
    for number in sorted(objects):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % each for each in places)
    written += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(written)


def plain_ofd(pages: int = 1, *, has_list: bool = False, more: Mapping[str, bytes] | None = None) -> bytes:
    """Return an OFD of nobody's form: pages with a text each, the place of the seal on the last."""
    listed = "".join(f'<ofd:Page ID="{2 + 10 * at}" BaseLoc="Pages/Page_{at}/Content.xml"/>' for at in range(pages))
    outline = (
        "<ofd:CommonData><ofd:MaxUnitID>9999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297"
        f"</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>{listed}</ofd:Pages>"
    )
    names = "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>" if has_list else ""
    about = (
        f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>{'cd' * 16}</ofd:DocID></ofd:DocInfo>"
        f"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{names}</ofd:DocBody>"
    )
    parts = [
        OfdPart("OFD.xml", part("OFD", about, ' Version="1.0" DocType="OFD"')),
        OfdPart("Doc_0/Document.xml", part("Document", outline)),
    ]
    for at in range(pages):
        words = FOOT if at == pages - 1 else f"page {at + 1}"
        text = (
            f'<ofd:TextObject ID="{4 + 10 * at}" Boundary="110 230 60 8" Font="1" Size="4">'
            f'<ofd:TextCode X="0" Y="4">{words}</ofd:TextCode></ofd:TextObject>'
        )
        layer = f'<ofd:Content><ofd:Layer ID="{3 + 10 * at}">{text}</ofd:Layer></ofd:Content>'
        parts.append(OfdPart(f"Doc_0/Pages/Page_{at}/Content.xml", part("Page", layer)))
    parts += [OfdPart(name, Packed(content)) for name, content in (more or {}).items()]
    return write_zip(parts)


def prepared_by_work(upload: bytes, wish: SealWish) -> PreparedFile:
    """Return what the child process would prepare, by way of its answer."""
    value, content = open_answer(work(Prepare(wish=wish), upload))
    return prepared_of(value, content, upload)


@dataclass(frozen=True)
class TownReader:
    """Reads uploads in this process, as the child process does (`signer.official.acts.Reader`)."""

    town: Town

    def prepare(self, upload: bytes, wish: SealWish) -> PreparedFile:
        """Prepare as the child process does."""
        return prepared_by_work(upload, wish)

    def judge(self, document: bytes) -> Report:
        """Judge as the child process does."""
        return examine(document, self.town.evidence(), at=self.town.now)


@dataclass(frozen=True)
class OfficialOffice:
    """The bureau of a town, with one more grant for its seal: for official documents and nothing else."""

    town: Town
    seals_office: SealOffice = field(init=False)
    code: str = field(init=False)
    grant: SealGrant = field(init=False)

    def __post_init__(self) -> None:
        office = SealOffice(self.town.database)
        object.__setattr__(self, "seals_office", office)
        object.__setattr__(self, "code", self.town.seal_of(BUREAU))
        object.__setattr__(self, "grant", self.grants())

    def grants(self, **changes: Any) -> SealGrant:
        """Give a grant for official documents of no item."""
        terms = {"types": frozenset(), "items": {}, "documents_basis": DOCUMENTS_BASIS, **changes}
        return self.seals_office.grants(self.code, **terms)

    @property
    def reader(self) -> "TownReader":
        """The reader of uploads."""
        return TownReader(self.town)

    def judge(self, document: bytes) -> Report:
        """Judge a document by what a stranger has."""
        return self.reader.judge(document)

    def prepares(self, upload: bytes | None = None, **changes: Any) -> OfficialRecord:
        """Let the officer prepare an upload, its seal over the words at its foot."""
        placing = Placing(at=Anchor(text=FOOT))
        wanted = {"title": "准予行政许可决定书", "placing": placing, "grant_id": self.grant.grant_id, **changes}
        document = plain_pdf() if upload is None else upload
        return acts.prepare(
            self.town.desk, document, Wanted(**wanted), operator=self.town.officer, reader=self.reader, at=self.town.now
        )

    def approves(self, record: OfficialRecord, **changes: Any) -> OfficialRecord:
        """Let the reviewer approve what was prepared."""
        values = {"digest": record.prepared_digest, "operator": self.town.reviewer, "at": self.town.now, **changes}
        return acts.approve(self.town.desk, record.document_id, **values)

    def seals(self, record: OfficialRecord, **changes: Any) -> OfficialRecord:
        """Let the officer seal what was prepared."""
        values = {"digest": record.prepared_digest, "operator": self.town.officer, "at": self.town.now, **changes}
        return acts.seal(self.town.desk, record.document_id, reader=self.reader, **values)

    def document(self, record: OfficialRecord) -> bytes:
        """Return the sealed file."""
        return self.town.desk.vault.get(record.document_digest or "")


__all__ = [
    "BUREAU",
    "DOCUMENTS_BASIS",
    "FOOT",
    "OfficialOffice",
    "picture",
    "plain_ofd",
    "plain_pdf",
    "prepared_by_work",
]
