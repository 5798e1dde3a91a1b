"""Prepare an uploaded OFD for its seal: one more signature folder, with everything but the seal signature in it.

Promises:
  * Runs in the child process that reads strangers' files, never beside keys.
  * What the package holds stays as it is packed. New are the folder of the signature and the list of signatures; in a
    package without one, OFD.xml gets the line that names it (GB/T 33190, 18.1).
  * All files are protected but the list of signatures, to which others may add theirs, and the signature's own two.
  * Encrypted packages, licences, broken and locked ones are refused.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signer.official.errors import (
    AnchorMissingError,
    BrokenSignatureError,
    EncryptedUploadError,
    LicenceUploadError,
    LockedUploadError,
    PageFormError,
    SlipPageError,
    UnreadableUploadError,
)
from signer.official.package import extend
from signer.official.places import Anchor, Box, PageSize, SealImage, Spot, riding_boxes, seal_box
from signer.official.wishes import Layout, PreparedFile, SealWish
from signer.page.ofd_seal import description_text
from signer.page.ofd_words import escape, number, part_text
from verify.errors import MalformedError
from verify.ofd import read_ofd
from verify.ofd_document import ROOT_FILE, OutlineDocument, content, read_outline
from verify.ofd_package import Package, PackageError, Refusal, read_package
from verify.ofd_signatures import Description, SignatureEntry, read_box, read_description, read_signatures
from verify.ofd_xml import Element, read_xml
from verify.official_ofd import is_left_out
from verify.report import Check, Outcome
from verify.sm2 import sm3

SEAL_FILE: Final = "Seal.esl"
DESCRIPTION_FILE: Final = "Signature.xml"
_END_OF_BODY: Final = re.compile(rb"</(?:([A-Za-z_][A-Za-z0-9_.-]{0,30}):)?DocBody\s*>")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
# Another office's list may count its ids in nine digits; ours go on behind them.
_SERIAL_MAX: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    """An OFD as it was read: its package and outline, its list of signatures and what each of them says."""

    package: Package
    outline: OutlineDocument
    entries: tuple[SignatureEntry, ...]
    descriptions: tuple[Description, ...]

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files of the package."""
        return self.package.files

    @property
    def list_path(self) -> str:
        """Where the list of signatures stands, or will stand."""
        return self.outline.signatures_path or f"{self.outline.path.rpartition('/')[0]}/Signs/Signatures.xml".lstrip(
            "/"
        )


def prepare_ofd(upload: bytes, wish: SealWish) -> PreparedFile:
    """Prepare an upload. Raises an `OfficialError`.

    1. Refuse what may not be sealed. 2. Find the places. 3. Choose folder and ids. 4. Write what is to be signed.
    """
    if wish.slip:
        raise SlipPageError
    read = _read(upload, at=wish.at)  # (1)
    pages = _pages(read)
    boxes = _place(pages, wish)  # (2)
    folder, first_id = _new_folder(read), _free_id(read)  # (3)
    root = {} if read.outline.signatures_path is not None else {ROOT_FILE: _with_list(read)}
    stay = {name: each for name, each in read.files.items() if name not in {read.list_path, *root}}
    seal = {f"{folder}/{SEAL_FILE}": wish.seal}
    references = _references({**stay, **root, **seal})
    shown = _stamps(boxes, [page.identifier for page in pages], wish.image, first_id + 1)
    signature = description_text(references, shown, folder=folder, signed_at=wish.at).encode()
    listed = _list(read, f"{folder}/{DESCRIPTION_FILE}", first_id, first_id + len(boxes))
    added = {**root, read.list_path: listed, **seal, f"{folder}/{DESCRIPTION_FILE}": signature}
    extended = extend(upload, added, without={read.list_path, *root})  # (4)
    layout = Layout(
        form="ofd",
        pages=len(pages),
        boxes=boxes,
        room=extended.listed,
        signed=extended.last,
        signature=f"{folder}/{DESCRIPTION_FILE}",
        earlier_signatures=len(read.entries),
    )
    return PreparedFile(content=extended.content, layout=layout)


def _read(upload: bytes, *, at: datetime) -> _Upload:
    try:
        package = read_package(upload)
        outlines = read_outline(package.files)
        if len(outlines) != 1:
            raise UnreadableUploadError("more than one document in the package")
        path = outlines[0].signatures_path
        listed = None if path is None else package.files.get(path)
        entries = () if path is None or listed is None else read_signatures(listed, path)
        descriptions = tuple(read_description(content(package.files, each.path), each.path) for each in entries)
    except PackageError as error:
        if error.refusal is Refusal.ENCRYPTED:
            raise EncryptedUploadError from error
        raise UnreadableUploadError(error.detail) from error
    except MalformedError as error:
        raise UnreadableUploadError(error.detail) from error
    read = _Upload(package=package, outline=outlines[0], entries=entries, descriptions=descriptions)
    _demand_sealable(upload, read, at=at)
    return read


def _demand_sealable(upload: bytes, read: _Upload, *, at: datetime) -> None:
    judged = read_ofd(upload, None, (), at=at)
    if judged.data_set is not None:
        raise LicenceUploadError
    if any(each.code == "form.encrypted" for each in judged.findings):
        raise EncryptedUploadError
    of_signatures = [each for each in judged.findings if each.check is Check.SIGNATURE]
    if read.entries and any(each.outcome is Outcome.FAILED for each in of_signatures):
        raise BrokenSignatureError
    if is_left_out(read.files, read.files, read.entries):
        raise BrokenSignatureError
    if any(read.list_path in each.references for each in read.descriptions):
        raise LockedUploadError
    if read.outline.signatures_path is None and any(ROOT_FILE in each.references for each in read.descriptions):
        raise LockedUploadError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A page with its id and contents."""

    identifier: str
    size: PageSize
    element: Element


def _pages(read: _Upload) -> tuple[_Page, ...]:
    pages = []
    for identifier, path in read.outline.page_places.items():
        try:
            element = read_xml(content(read.files, path), "Page")
            box = read.outline.box_of(element)
        except MalformedError as error:
            raise UnreadableUploadError(error.detail) from error
        if box is None or box.x or box.y:
            raise PageFormError("a page without a box, or whose corner is not at nought")
        pages.append(_Page(identifier=identifier, size=PageSize(width=box.width, height=box.height), element=element))
    return tuple(pages)


def _place(pages: Sequence[_Page], wish: SealWish) -> tuple[Box, ...]:
    sizes = [each.size for each in pages]
    at = wish.placing.at
    boxes: tuple[Box, ...] = ()
    if at is not None:
        spot = _find_anchor(pages, at) if isinstance(at, Anchor) else at
        boxes = (seal_box(spot, wish.image, sizes),)
    if wish.placing.riding:
        boxes += riding_boxes(wish.image, sizes, middle=wish.placing.riding_y)
    return boxes


def _find_anchor(pages: Sequence[_Page], anchor: Anchor) -> Spot:
    """Return where the middle of the seal comes to stand; a text is looked for in each text object by itself."""
    found: list[Spot] = []
    for place, page in enumerate(pages, 1):
        if anchor.page in {None, place}:
            found += [
                Spot(page=place, x=max(x + anchor.right, 0), y=max(y + anchor.down, 0))
                for x, y in _middles(page.element, anchor.text)
            ]
    wanted = len(found) if anchor.occurrence is None else anchor.occurrence
    if not 1 <= wanted <= len(found):
        raise AnchorMissingError(params={"found": str(len(found))})
    return found[wanted - 1]


def _middles(page: Element, text: str) -> list[tuple[float, float]]:
    middles = []
    for layer in page.one("Content").all("Layer"):
        for each in layer.all("TextObject"):
            words = "".join(code.words for code in each.all("TextCode"))
            place = words.find(text)
            if place >= 0:
                box = read_box(each.get("Boundary"))
                part = (place + len(text) / 2) / len(words)
                middles.append((box.x + box.width * part, box.y + box.height / 2))
    return middles


def _new_folder(read: _Upload) -> str:
    base = read.list_path.rpartition("/")[0]
    taken = {name.casefold() for name in read.files}
    for serial in range(len(read.files) + 1):
        folder = f"{base}/Sign_{serial}".lstrip("/")
        if not any(name.startswith(f"{folder.casefold()}/") for name in taken):
            return folder
    raise UnreadableUploadError("no free folder")


def _free_id(read: _Upload) -> int:
    """Return the first id behind all that signatures and stamps bear, which share one count (GB/T 33190, 18.1)."""
    used = [each.identifier for each in read.entries]
    used += [stamp.identifier for each in read.descriptions for stamp in each.stamps]
    numbers = [int(found) for each in used for found in _DIGITS.findall(each)]
    largest = max(numbers, default=0)
    if largest >= _SERIAL_MAX:
        raise UnreadableUploadError("ids that cannot be counted on")
    return largest + 1


def _with_list(read: _Upload) -> bytes:
    """Return OFD.xml with the line that names the list of signatures, the last one of its document."""
    root = read.files[ROOT_FILE]
    found = list(_END_OF_BODY.finditer(root))
    if len(found) != 1:
        raise UnreadableUploadError("OFD.xml in a spelling that is not added to")
    prefix = b"" if found[0][1] is None else found[0][1] + b":"
    line = b"<%sSignatures>/%s</%sSignatures>" % (prefix, read.list_path.encode(), prefix)
    changed = root[: found[0].start()] + line + root[found[0].start() :]
    try:
        outline = read_outline({**read.files, ROOT_FILE: changed})
    except MalformedError as error:
        raise UnreadableUploadError(error.detail) from error
    if outline[0].signatures_path != read.list_path:
        raise UnreadableUploadError("OFD.xml would not name the list")
    return changed


def _list(read: _Upload, path: str, identifier: int, largest: int) -> bytes:
    """Return the list of signatures with ours at its end."""
    lines = [
        f'<ofd:Signature ID="{escape(each.identifier)}" Type="{each.kind.value}" BaseLoc="/{escape(each.path)}"/>'
        for each in read.entries
    ]
    lines.append(f'<ofd:Signature ID="{identifier}" Type="Seal" BaseLoc="/{escape(path)}"/>')
    return part_text("Signatures", f"<ofd:MaxSignId>{largest}</ofd:MaxSignId>{''.join(lines)}").encode()


def _references(files: Mapping[str, bytes]) -> str:
    return "".join(
        f'<ofd:Reference FileRef="/{escape(name)}">'
        f"<ofd:CheckValue>{b64encode(sm3(each)).decode()}</ofd:CheckValue></ofd:Reference>"
        for name, each in files.items()
    )


def _stamps(boxes: Sequence[Box], pages: Sequence[str], image: SealImage, first_id: int) -> str:
    """Return where the seal is shown; of a strip the box is that of the whole seal, of which it shows a part."""
    written = []
    for identifier, box in enumerate(boxes, first_id):
        whole = (box.x - box.left * image.width, box.y, image.width, image.height)
        clip = ""
        if (box.left, box.right) != (0.0, 1.0):
            part = (box.left * image.width, 0.0, box.width, image.height)
            clip = f' Clip="{" ".join(map(number, part))}"'
        boundary = " ".join(map(number, whole))
        page = escape(pages[box.page - 1])
        written.append(f'<ofd:StampAnnot ID="{identifier}" PageRef="{page}" Boundary="{boundary}"{clip}/>')
    return "".join(written)
