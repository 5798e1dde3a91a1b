"""The press: from what is to be issued to an unsigned document.

Promises:
  * Same request, same bytes; nothing but templates and fonts is read, and those once.
  * What cannot be printed as it is (a character, a text, a code, a photo) is an error before anything is signed.
  * An office's templates and fonts come before ours; a template is checked against its licence type at first use.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Self

from registry.records import Department, LicenceDraft, LicenceType
from signer.page.errors import TemplateError, TextOverflowError, UnknownTemplateError
from signer.page.folders import OWN_TEMPLATES
from signer.page.fonts import ROLES, FontShelf
from signer.page.layout import PHOTO_KEY, SEAL_KEY, Contents, Layout
from signer.page.model import AttachedFile, Image, Page, PageDocument, Run
from signer.page.model import Path as Path_
from signer.page.names import page_values
from signer.page.ofd import StampPlace, UnsignedOfd, write_ofd
from signer.page.pdf import UnsignedPdf, write_pdf, write_plain_pdf
from signer.page.pdf_pictures import Picture, picture, seal_picture
from signer.page.photos import prepare_photo
from signer.page.qr import qr_matrix
from signer.page.samples import (
    SAMPLE_MOMENT,
    SAMPLE_OFFICE,
    has_photo,
    sample_contents,
    sample_licence_type,
    sample_photo,
)
from signer.page.seal_picture import draw_seal
from signer.page.sheet import Sheet, sheet_pages
from signer.page.template import Template
from signer.page.typesetting import Typesetter
from verify import attached
from verify.check_characters import CROCKFORD
from verify.licence import ISSUER_ZONE, DataSet

LANGUAGE: Final = "zh-CN"
TYPED_CHARACTERS: Final = frozenset(f"{CROCKFORD}-")
NAME_LENGTH_MAX: Final = 61
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")
# Names that a draft uses for what a template calls by its national short name.
_DRAFT_NAMES: Final = {"holder_name": "CZZT", "holder_code": "CZZTDM", "number": "ZZBH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Everything that one document shows or carries. `created` is when it is made; `test` marks every page."""

    licence_type: LicenceType
    data_set: DataSet
    draft: LicenceDraft
    department: Department
    token_text: str
    photo: bytes | None = field(repr=False)
    seal_png: bytes = field(repr=False)
    metadata: Mapping[str, str] = field(repr=False)
    created: datetime
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document says about itself, and the files in it."""

    title: str
    author: str
    created: datetime
    identifier: bytes
    files: tuple[AttachedFile, ...] = ()


class BodyForm(StrEnum):
    """The two bodies that a licence can have."""

    PDF = "pdf"
    OFD = "ofd"


BOTH_FORMS: Final = frozenset(BodyForm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """The bodies of one licence, from one layout; None for one that was not asked for."""

    pdf: UnsignedPdf | None
    ofd: UnsignedOfd | None


class _Sheets(NamedTuple):
    """A licence laid out, with the pictures that its pages name."""

    document: PageDocument
    pictures: Mapping[str, Picture]


_TypeKey = tuple[str, int, str, int]


class _Form(NamedTuple):
    """A licence type's layout, and the font roles in which it shows each name."""

    layout: Layout
    roles: Mapping[str, frozenset[str]]


class Press:
    """Makes documents; share one among the threads of a process."""

    def __init__(self, shelf: FontShelf, folders: Sequence[Path]) -> None:
        self._typesetter = Typesetter(shelf)
        self._shelf = shelf
        self._folders = tuple(folders)
        self._fonts = {font.key: font for role in ROLES for font in shelf.chain(role)}
        self._forms: dict[_TypeKey, _Form] = {}

    @classmethod
    def open(cls, *, fonts: Sequence[Path] = (), templates: Sequence[Path] = ()) -> Self:
        """Open the fonts and templates of the office's folders, then ours."""
        return cls(FontShelf.open(fonts), (*templates, OWN_TEMPLATES))

    def missing_characters(self, licence_type: LicenceType, texts: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
        """Return, for each field whose text cannot be printed, the characters that the page's fonts lack.

        Fields are the type's short names and the draft's own (`holder_name`, `holder_code`, `number`).
        """
        roles = self._form(licence_type).roles
        found = {
            name: frozenset().union(
                *(self._shelf.missing(role, text) for role in roles.get(_DRAFT_NAMES.get(name, name), ()))
            )
            for name, text in texts.items()
        }
        return {name: characters for name, characters in found.items() if characters}

    def too_long(self, licence_type: LicenceType, values: Mapping[str, str]) -> frozenset[str]:
        """Return the names whose texts do not fit the page, of these values (`names.page_values`)."""
        return self._form(licence_type).layout.too_long(values)

    def render(self, request: PageRequest) -> UnsignedPdf:
        """Make the unsigned PDF of one licence.

        Raises a `PageError`: a text that does not fit, a character or photo that cannot be printed.
        """
        sheets = self._lay_out(request)
        return write_pdf(sheets.document, self._fonts, sheets.pictures)

    def render_bodies(self, request: PageRequest, *, forms: Collection[BodyForm] = BOTH_FORMS) -> Bodies:
        """Make the unsigned bodies of one licence, laid out once. Raises a `PageError` as `render` does."""
        document, pictures = self._lay_out(request)
        pdf = write_pdf(document, self._fonts, pictures) if BodyForm.PDF in forms else None
        ofd = None
        if BodyForm.OFD in forms:
            stamp = _stamp_place(document.pages)
            ofd = write_ofd(document, self._fonts, pictures, metadata=request.metadata, stamp=stamp)
        return Bodies(pdf=pdf, ofd=ofd)

    def page_size(self, licence_type: LicenceType) -> tuple[float, float]:
        """Return width and height of a licence's pages in millimetres."""
        return self._form(licence_type).layout.size

    def plain_licence(self, request: PageRequest) -> bytes:
        """Return the pages of one licence as a PDF that nobody signs, without its files. Raises as `render` does."""
        document, pictures = self._lay_out(request)
        return write_plain_pdf(replace(document, files=()), self._fonts, pictures)

    def _lay_out(self, request: PageRequest) -> _Sheets:
        photo = None if request.photo is None else picture(prepare_photo(request.photo))
        issued_on = request.created.astimezone(ISSUER_ZONE).date()
        values = page_values(
            request.licence_type,
            request.draft,
            request.data_set,
            request.department,
            code_type=request.metadata.get("CZZTDMLX", ""),
            issued_on=issued_on,
        )
        contents = Contents(
            values=values,
            code=qr_matrix(request.token_text),
            photo=None if photo is None else (photo.width, photo.height),
            test=request.test,
        )
        form = self._form(request.licence_type)
        pages = form.layout.pages(contents)
        about = About(
            title=f"{request.licence_type.name} {request.data_set.number}",
            author=request.data_set.office_name,
            created=request.created,
            identifier=request.data_set.short_digest,
            files=_files(request),
        )
        document = self._document(pages, about, form.roles.get("TYPED_ID", frozenset()))
        return _Sheets(document, _pictures(pages, photo, request.seal_png))

    def preview(self, name: str, licence_type: LicenceType | None = None) -> bytes:
        """Return an unsigned PDF of a template with invented values, usual ones and then the longest allowed.

        Without a type, the sample catalogue's that uses this template. Raises `UnknownTemplateError`, `TemplateError`.
        """
        sample_type = sample_licence_type(name) if licence_type is None else licence_type
        if sample_type.template != name:
            raise UnknownTemplateError(params={"name": name[:NAME_LENGTH_MAX]})
        layout = self._form(sample_type).layout
        photo = picture(prepare_photo(sample_photo())) if has_photo(sample_type) else None
        size = None if photo is None else (photo.width, photo.height)
        pages = tuple(
            part
            for is_long in (False, True)
            for part in _renamed(layout.pages(sample_contents(sample_type, photo=size, is_long=is_long)), is_long)
        )
        about = About(
            title=f"{sample_type.name} {name}", author=SAMPLE_OFFICE, created=SAMPLE_MOMENT, identifier=bytes(16)
        )
        document = self._document(pages, about, frozenset())
        return write_plain_pdf(document, self._fonts, _pictures(pages, photo, draw_seal(SAMPLE_OFFICE)))

    def plain_sheet(self, template: bytes, contents: Contents, about: "About") -> bytes:
        """Return an unsigned PDF of one page that is no licence's, from a template that names only what it is given.

        Raises a `PageError` as `render` does, also when one page does not hold it.
        """
        pages = Layout(Template.read(template), self._typesetter).pages(contents)
        if len(pages) > 1:
            raise TextOverflowError(params={"names": " ".join(sorted(contents.values))})
        return write_plain_pdf(self._document(pages, about, frozenset()), self._fonts, {})

    def text_sheet(self, sheet: Sheet, about: "About", *, language: str = LANGUAGE) -> bytes:
        """Return a plain sheet as a PDF that nobody signs, with the files of `about` inside."""
        pages = sheet_pages(sheet, self._typesetter, self._shelf)
        document = self._document(pages, about, frozenset())
        return write_plain_pdf(replace(document, language=language), self._fonts, {})

    def _document(self, pages: tuple[Page, ...], about: "About", typed_in: frozenset[str]) -> PageDocument:
        """Put pages and the rest together. `typed_in` are the roles in which ids to be typed are shown.

        Their fonts carry all characters of ids, so that they are cut alike for all licences and once for all.
        """
        used: dict[str, set[str]] = {self._shelf.chain(role)[0].key: set(TYPED_CHARACTERS) for role in typed_in}
        for page in pages:
            for mark in page.marks:
                if isinstance(mark, Run):
                    used.setdefault(mark.font, set()).update(mark.text)
        return PageDocument(
            pages=pages,
            title=about.title,
            author=about.author,
            language=LANGUAGE,
            created=about.created,
            identifier=about.identifier,
            characters={key: frozenset(characters) for key, characters in used.items()},
            files=about.files,
        )

    def _form(self, licence_type: LicenceType) -> "_Form":
        key = (licence_type.code, licence_type.version, licence_type.template, licence_type.template_version)
        form = self._forms.get(key)
        if form is None:
            template = self._read(licence_type.template, licence_type.template_version).for_type(licence_type)
            form = self._forms[key] = _Form(Layout(template, self._typesetter), template.roles_of_names())
        return form

    def _read(self, name: str, version: int) -> Template:
        """Read the file of this version: `name-version.toml`, else `name.toml` if that is the version."""
        if not _NAME.fullmatch(name):
            raise UnknownTemplateError(params={"name": name[:NAME_LENGTH_MAX]})
        for folder in self._folders:
            for path in (folder / f"{name}-{version}.toml", folder / f"{name}.toml"):
                if path.is_file():
                    template = _read_file(path)
                    if template.version == version:
                        return template
        raise UnknownTemplateError(params={"name": name, "version": str(version)})


def _read_file(path: Path) -> Template:
    try:
        return Template.read(path.read_bytes())
    except TemplateError as error:
        raise TemplateError(f"{path.name}: {error.detail}") from error


def _stamp_place(pages: tuple[Page, ...]) -> StampPlace | None:
    """Find where the template puts the seal, which an OFD does not draw on its page."""
    for number, page in enumerate(pages):
        for mark in page.marks:
            if isinstance(mark, Image) and not mark.on_paper:
                return StampPlace(number, mark.x, mark.y, mark.width, mark.height)
    return None


def _pictures(pages: tuple[Page, ...], photo: Picture | None, seal_png: bytes) -> dict[str, Picture]:
    """Prepare the pictures that the pages show."""
    shown = {mark.key for page in pages for mark in page.marks if isinstance(mark, Image)}
    pictures = {} if photo is None else {PHOTO_KEY: photo}
    if SEAL_KEY in shown:
        pictures[SEAL_KEY] = seal_picture(seal_png)
    return {key: each for key, each in pictures.items() if key in shown}


def _files(request: PageRequest) -> tuple[AttachedFile, ...]:
    metadata = json.dumps(dict(request.metadata), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return (
        AttachedFile(
            name=attached.DATA_SET_FILE,
            media_type="application/cbor",
            relationship="Source",
            content=request.data_set.encode(),
        ),
        AttachedFile(
            name=attached.CODE_FILE, media_type="text/plain", relationship="Data", content=request.token_text.encode()
        ),
        AttachedFile(
            name=attached.METADATA_FILE,
            media_type="application/json",
            relationship="Data",
            content=metadata.encode(),
        ),
    )


def _renamed(pages: tuple[Page, ...], is_long: bool) -> Iterator[Page]:  # noqa: FBT001 - one of two samples
    """Give the second sample's elements places of their own, so that the two do not become one."""
    for page in pages:
        marks = tuple(
            mark._replace(place=(mark.place[0]._replace(key=f"{mark.place[0].key}-{is_long}"), *mark.place[1:]))
            if not isinstance(mark, Path_) and mark.place
            else mark
            for mark in page.marks
        )
        yield replace(page, marks=marks)
