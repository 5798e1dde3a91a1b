"""The plain way to issue one licence with the same libraries: Typst page, `qrcode` with automatic mask, pyHanko B-T, one commit.

It is the rival of `make bench`, written as a capable engineer would write it in an afternoon: the Typst compiler is kept, the
photo and seal are files, the key is loaded once by pyHanko's own SimpleSigner, time stamps are made in process.
"""

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import qrcode
import typst
from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper

PAGE = """
#let d = json(bytes(sys.inputs.data))
#set document(title: d.title, author: d.issuer, date: datetime(year: 2026, month: 11, day: 24))
#set page(paper: "a4", margin: 22mm, background: {
  place(center + horizon, rect(width: 186mm, height: 273mm, stroke: 2.2pt + rgb("#8a6d1d")))
  place(center + horizon, rect(width: 181mm, height: 268mm, stroke: .6pt + rgb("#8a6d1d")))
})
#set text(font: "Noto Sans SC", size: 12pt, lang: "zh", region: "cn")
#v(8mm)
#align(center, text(font: "Noto Serif SC", size: 34pt, weight: "bold", tracking: .2em)[#d.title])
#align(center, text(size: 11pt)[编号 #d.number])
#v(6mm)
#grid(columns: (1fr, 40mm), gutter: 8mm,
  table(columns: (34mm, 1fr), stroke: .5pt + luma(120), inset: 8pt, align: horizon,
    ..d.rows.map(r => (text(weight: "bold", r.at(0)), r.at(1))).flatten()),
  align(center)[#image(bytes(d.qr), width: 38mm, format: "svg", alt: "核验二维码") #text(size: 8pt)[#d.typed]])
#place(bottom + right, dx: -12mm, dy: -14mm, align(center)[
  #image("seal.png", width: 42mm, alt: "电子印章") \\ #text(size: 13pt)[#d.issuer] \\ #d.date])
#pdf.attach("licence.json", bytes(d.attach), relationship: "source", mime-type: "application/json", description: "licence")
"""


class InProcessTimeStamper(TimeStamper):  # type: ignore[misc]  # pyHanko has no types
    """Hands pyHanko the same in-process time stamps that our own path uses."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self._source = source

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """Return a time-stamp token over the digest."""
        del md_algorithm
        return cms.ContentInfo.load(self._source.stamp(message_digest))


class PlainWay:
    """Issues licences one by one, each with its own durable commit."""

    def __init__(
        self, folder: Path, *, fonts: Path, signer: signers.SimpleSigner, timestamps: Any, seal_png: bytes
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "page.typ").write_text(PAGE, encoding="utf-8")
        (folder / "seal.png").write_bytes(seal_png)
        self._folder = folder
        self._signer = signer
        self._stamper = InProcessTimeStamper(timestamps)
        self._compiler = typst.Compiler(str(folder / "page.typ"), font_paths=[str(fonts)], ignore_system_fonts=True)
        self._database = sqlite3.connect(folder / "plain.db", isolation_level=None)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=full")
        self._database.execute("create table licence(number text primary key, fields text, document text)")

    def page(self, record: dict[str, Any], qr_text: str) -> bytes:
        """Set one page as PDF/A-3b."""
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
        code.add_data(qr_text, optimize=0)
        code.make(fit=True)
        matrix = code.get_matrix()
        cells = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
        size = len(matrix)
        picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{cells}"/></svg>'
        inputs = {"data": json.dumps({**record, "qr": picture}, ensure_ascii=False)}
        return bytes(self._compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3b"])) + b"\n"

    def sign(self, page: bytes) -> bytes:
        """Sign one page as PAdES B-T."""
        meta = signers.PdfSignatureMetadata(
            field_name="Sig1", subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
        )
        output = io.BytesIO()
        pdf_signer = signers.PdfSigner(meta, signer=self._signer, timestamper=self._stamper)
        pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(page)), output=output)
        return output.getvalue()

    def issue(self, record: dict[str, Any], qr_text: str) -> bytes:
        """Issue one licence and commit it."""
        document = self.sign(self.page(record, qr_text))
        name = self._folder / f"{record['number']}.pdf"
        name.write_bytes(document)
        self._database.execute("begin")
        self._database.execute(
            "insert into licence values (?, ?, ?)",
            (record["number"], json.dumps(record, ensure_ascii=False), str(name)),
        )
        self._database.execute("commit")
        return document
