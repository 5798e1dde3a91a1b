"""What goes in and out about official documents. Frozen once released, as all of version 1."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import File, UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.v1.schemas import Name, storable
from registry.official_documents import OfficialRecord, OfficialState
from signer.official.acts import Wanted
from signer.official.inventory import Inventory
from signer.official.places import PAGE_MM_MAX, PAGES_MAX, Anchor, Placing, Spot
from signer.official.wishes import Layout
from verify.values import LicenceId

Millimetres = Annotated[float, Field(ge=0, le=PAGE_MM_MAX)]
Offset = Annotated[float, Field(ge=-PAGE_MM_MAX, le=PAGE_MM_MAX)]
PageNumber = Annotated[int, Field(ge=1, le=PAGES_MAX)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DocumentForm(BaseModel):
    """What is to be sealed, and where: by page and millimetres, by an anchor, as a cross-page seal, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[UploadFile, File(description="a PDF or OFD, at most 20 MB")]
    title: Name
    item_code: Annotated[str, Field(max_length=33), AfterValidator(storable)] | None = None
    grant_id: Annotated[str, Field(max_length=24), AfterValidator(storable)] | None = None
    page: PageNumber | None = None
    x: Millimetres | None = None
    y: Millimetres | None = None
    anchor: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)] | None = None
    occurrence: Annotated[int, Field(ge=1)] | None = None
    right: Offset = 0.0
    down: Offset = 0.0
    riding: bool = False
    riding_y: Millimetres | None = None
    slip_page: Annotated[bool, Field(description="put a page with title, id and code behind the last one")] = False

    def to_wanted(self) -> Wanted:
        """Return what is wanted. Raises `PlaceError`, `NothingPlacedError`."""
        placing = Placing(at=self._place(), riding=self.riding, riding_y=self.riding_y)
        return Wanted(
            title=self.title,
            placing=placing,
            item_code=self.item_code,
            grant_id=self.grant_id,
            slip_page=self.slip_page,
        )

    def _place(self) -> Spot | Anchor | None:
        if self.anchor is not None:
            return Anchor(
                text=self.anchor, occurrence=self.occurrence, page=self.page, right=self.right, down=self.down
            )
        if self.page is None or self.x is None or self.y is None:
            return None
        return Spot(page=self.page, x=self.x, y=self.y)


class SeenIn(BaseModel):
    """The digest of the prepared bytes that were looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: Digest


class SealPlaceOut(BaseModel):
    """A seal or a strip of one on a page: millimetres from the upper left corner; `left`, `right` are its part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: int
    x: float
    y: float
    width: float
    height: float
    left: float
    right: float


class DocumentOut(BaseModel):
    """An official document, as its own department sees it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_id: str
    typed_id: str
    form: Literal["pdf", "ofd"]
    title: str
    state: OfficialState
    department: str
    seal_code: str
    grant_id: str
    item_code: str | None
    pages: int
    places: tuple[SealPlaceOut, ...]
    earlier_signatures: int
    prepared_digest: str
    prepared_at: datetime
    is_approved: bool
    approved_at: datetime | None
    sealed_at: datetime | None
    document_digest: str | None
    log_leaf: int | None

    @classmethod
    def of(cls, record: OfficialRecord) -> Self:
        """Copy from the record."""
        layout = Layout.from_text(record.layout)
        return cls(
            document_id=record.document_id,
            typed_id=LicenceId.parse(record.document_id).typed,
            form="ofd" if record.form == "ofd" else "pdf",
            title=record.title,
            state=record.state,
            department=record.department,
            seal_code=record.seal_code,
            grant_id=record.grant_id,
            item_code=record.item_code,
            pages=record.pages,
            places=tuple(
                SealPlaceOut(
                    page=box.page,
                    x=round(box.x, 2),
                    y=round(box.y, 2),
                    width=round(box.width, 2),
                    height=round(box.height, 2),
                    left=round(box.left, 4),
                    right=round(box.right, 4),
                )
                for box in layout.boxes
            ),
            earlier_signatures=layout.earlier_signatures,
            prepared_digest=record.prepared_digest,
            prepared_at=record.prepared_at,
            is_approved=record.approved_by is not None,
            approved_at=record.approved_at,
            sealed_at=record.sealed_at,
            document_digest=record.document_digest,
            log_leaf=record.leaf,
        )


class ShownItem(BaseModel):
    """A text, picture or seal on a page, in millimetres; or how many drawings a page has.

    `text` is the text or the name of a file, `amount` the file's bytes or the number of drawings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: int
    kind: Literal["text", "picture", "seal", "drawings"]
    text: str
    amount: int
    x: float
    y: float
    width: float
    height: float


class PackedFile(BaseModel):
    """A file in an OFD, with its size in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    size: int


class DocumentContents(BaseModel):
    """What the bytes that will be signed show, page by page; of a PDF its texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: int
    items: tuple[ShownItem, ...]
    files: tuple[PackedFile, ...]
    was_cut: bool

    @classmethod
    def of(cls, found: Inventory) -> Self:
        """Copy from the list."""
        items = tuple(ShownItem(**asdict(each)) for each in found.items)
        files = tuple(PackedFile(name=name, size=size) for name, size in found.files)
        return cls(pages=found.pages, items=items, files=files, was_cut=found.was_cut)


class DocumentPage(BaseModel):
    """A page of a department's documents, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[DocumentOut, ...]
    next: str | None


class DocumentQuery(BaseModel):
    """Which page of the department's documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
