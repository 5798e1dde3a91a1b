"""The sample of every template laid out, as a preview does it, and written in both bodies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from signer.page.folders import OWN_TEMPLATES
from signer.page.model import PageDocument
from signer.page.ofd import UnsignedOfd, write_ofd
from signer.page.pdf import write_plain_pdf
from signer.page.pdf_pictures import Picture, picture
from signer.page.photos import prepare_photo
from signer.page.press import About, _pictures, _stamp_place
from signer.page.samples import SAMPLE_MOMENT, has_photo, sample_contents, sample_licence_type, sample_photo
from tests.page_requests import press, seal

TEMPLATES: Final = tuple(sorted(path.stem for path in OWN_TEMPLATES.glob("*.toml")))


@dataclass(frozen=True, slots=True)
class Sheets:
    """Pages and their pictures."""

    document: PageDocument
    pictures: Mapping[str, Picture]

    def pdf(self) -> bytes:
        return write_plain_pdf(self.document, press()._fonts, self.pictures)

    def ofd(self) -> UnsignedOfd:
        stamp = _stamp_place(self.document.pages)
        return write_ofd(self.document, press()._fonts, self.pictures, metadata={}, stamp=stamp)


def sheets(template: str, *, is_long: bool = False, test: bool = False) -> Sheets:
    """Lay out the sample of a template: with usual values, or with the longest that its type allows."""
    licence_type = sample_licence_type(template)
    photo = picture(prepare_photo(sample_photo())) if has_photo(licence_type) else None
    size = None if photo is None else (photo.width, photo.height)
    contents = replace(sample_contents(licence_type, photo=size, is_long=is_long), test=test)
    pages = press()._form(licence_type).layout.pages(contents)
    about = About(title=template, author="测试", created=SAMPLE_MOMENT, identifier=bytes(16))
    return Sheets(press()._document(pages, about, frozenset()), _pictures(pages, photo, seal()))
