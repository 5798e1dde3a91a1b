"""Read a template: TOML that an office can edit, checked in full before anything is printed from it.

Promises:
  * An unknown key, a value of another kind, a box that leaves the page, a box that touches the QR code, a QR code whose
    modules could become too small: each is refused with the place where it stands.
  * `for_type` refuses a template that names what its licence type does not have.
"""

import dataclasses
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, Self, get_args, get_origin, get_type_hints

from registry.records import FieldKind, LicenceType
from signer.page.boxes import (
    AnyBox,
    Box,
    CodeBox,
    Drawing,
    FrameBox,
    LineBox,
    PhotoBox,
    RectBox,
    Row,
    RowsBox,
    SealBox,
    TextBox,
)
from signer.page.errors import TemplateError
from signer.page.model import Colour
from signer.page.names import CORE_NAMES
from signer.page.qr import VERSION_MAX
from signer.page.wording import Wording, names, read_wording

# Our largest template has under 10 kB.
TEMPLATE_BYTES_MAX: Final = 256 * 1024
BOXES_MAX: Final = 200
PAGE_LENGTHS: Final = (50.0, 500.0)
SIZE_MIN: Final = 1.5
# Phones read modules of 0.40 mm from paper (decisions.md section 4); version 17 has 85, with the quiet zone 93.
MODULE_MM_MIN: Final = 0.40
QUIET_MODULES: Final = 4
MODULES_MAX: Final = 17 + 4 * VERSION_MAX + 2 * QUIET_MODULES

_KINDS: Final[Mapping[str, type[Box]]] = {
    "text": TextBox,
    "rows": RowsBox,
    "photo": PhotoBox,
    "qr": CodeBox,
    "seal": SealBox,
    "rect": RectBox,
    "line": LineBox,
    "frame": FrameBox,
}
_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_REPEATED: Final = (TextBox, *Drawing)
# Sums of millimetres written in decimal are off by less than this.
_TOLERANCE: Final = 0.01


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageForm:
    """Size of the pages, and where their number stands when there are several."""

    width: float
    height: float
    number_y: float = 0.0
    number_size: float = 3.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Boxes of every page, of the first page, and of the pages after it."""

    version: int
    page: PageForm
    every_page: tuple[AnyBox, ...] = ()
    box: tuple[AnyBox, ...]
    following_page: tuple[AnyBox, ...] = ()

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read a template. Raises `TemplateError`."""
        if len(content) > TEMPLATE_BYTES_MAX:
            raise TemplateError("the template is too long")
        try:
            entries = tomllib.loads(content.decode())
        except ValueError as error:
            raise TemplateError(f"not a TOML file: {error}") from error
        template: Self = _read_dataclass(cls, entries, "template")
        _check(template)
        return template

    def for_type(self, licence_type: LicenceType) -> Self:
        """Return the template with the labels of this type. Raises `TemplateError` for a field that it lacks."""
        boxes = tuple(_with_labels(box, licence_type) if isinstance(box, RowsBox) else box for box in self.box)
        kinds = {each.short_name: each.kind for each in licence_type.fields}
        known = CORE_NAMES | {name for name, kind in kinds.items() if kind is not FieldKind.PHOTO}
        for place, box in _all_boxes(self.every_page, boxes, self.following_page):
            unknown = _names(box) - known
            if unknown:
                raise TemplateError(f"{place}: the licence type has no {min(unknown)}")
            if isinstance(box, PhotoBox) and FieldKind.PHOTO not in kinds.values():
                raise TemplateError(f"{place}: the licence type has no photo")
        return dataclasses.replace(self, box=boxes)

    def roles_of_names(self) -> Mapping[str, frozenset[str]]:
        """Return the font roles in which each name's value is shown."""
        roles: dict[str, set[str]] = {}
        for _place, box in _all_boxes(self.every_page, self.box, self.following_page):
            if isinstance(box, TextBox | RowsBox):
                for name in _names(box):
                    roles.setdefault(name, set()).add(box.font)
        return {name: frozenset(found) for name, found in roles.items()}


def _with_labels(box: RowsBox, licence_type: LicenceType) -> RowsBox:
    definitions = {each.short_name: each for each in licence_type.fields}
    rows = []
    for row in box.rows:
        definition = definitions.get(row.field)
        if row.field and definition is None:
            raise TemplateError(f"rows: the licence type has no {row.field}")
        if definition is not None:
            wording = row.value or read_wording(f"{{{row.field}}}")
            label, label_en = row.label or definition.name, row.label_en or definition.name_en
            row = dataclasses.replace(row, label=label, label_en=label_en, value=wording)  # noqa: PLW2901 - completed
        rows.append(row)
    return dataclasses.replace(box, rows=tuple(rows))


def _names(box: AnyBox) -> frozenset[str]:
    match box:
        case TextBox():
            return names(box.text)
        case SealBox():
            return names(box.alt)
        case RowsBox():
            return frozenset().union(*(names(row.value) for row in box.rows))
        case _:
            return frozenset()


def _all_boxes(
    every_page: tuple[AnyBox, ...], box: tuple[AnyBox, ...], following_page: tuple[AnyBox, ...]
) -> Iterator[tuple[str, AnyBox]]:
    """Give each box with its place in the file, counted from 1."""
    for part, boxes in (("every_page", every_page), ("box", box), ("following_page", following_page)):
        for index, each in enumerate(boxes, 1):
            yield f"{part} {index}", each


# Checks of a whole template.


def _check(template: Template) -> None:
    page = template.page
    if not all(PAGE_LENGTHS[0] <= length <= PAGE_LENGTHS[1] for length in (page.width, page.height)):
        raise TemplateError("page: width and height are 50 to 500 mm")
    if not 0 <= page.number_y <= page.height or not SIZE_MIN <= page.number_size <= 10:
        raise TemplateError("page: the page number leaves the page")
    boxes = tuple(_all_boxes(template.every_page, template.box, template.following_page))
    if not template.box or len(boxes) > BOXES_MAX:
        raise TemplateError(f"a template has 1 to {BOXES_MAX} boxes")
    for place, box in boxes:
        if not place.startswith("box") and not isinstance(box, _REPEATED):
            raise TemplateError(f"{place}: only text and drawings stand on several pages")
        _check_box(box, page, place)
    for kind in (CodeBox, SealBox, PhotoBox):
        count = sum(isinstance(box, kind) for box in template.box)
        if count > 1 or (kind is CodeBox and count == 0):
            raise TemplateError("a page has one QR code, and at most one seal and one photo")
    _check_code_is_free(template)


def _check_box(box: AnyBox, page: PageForm, place: str) -> None:
    _check_inside(box, page, place)
    if isinstance(box, LineBox):
        if min(box.width, box.height) > 0 or max(box.width, box.height) <= 0:
            raise TemplateError(f"{place}: a line has a width or a height, and not both")
    elif min(box.width, box.height) <= 0:
        raise TemplateError(f"{place}: width and height are more than 0")
    if isinstance(box, TextBox | RowsBox):
        _check_sizes(box, place)
    if isinstance(box, RowsBox):
        _check_rows(box, page, place)
    if isinstance(box, CodeBox) and (
        not math.isclose(box.width, box.height) or box.width / MODULES_MAX < MODULE_MM_MIN - 1e-9
    ):
        raise TemplateError(f"{place}: a QR box is a square of at least {MODULES_MAX * MODULE_MM_MIN:.1f} mm")
    if isinstance(box, FrameBox) and not 1 <= box.band <= min(box.width, box.height) / 4:
        raise TemplateError(f"{place}: the band of a frame is too narrow or too wide")


def _check_inside(box: Box, page: PageForm, place: str) -> None:
    right, bottom = box.x + box.width, box.y + box.height
    if min(box.x, box.y) < 0 or right > page.width + _TOLERANCE or bottom > page.height + _TOLERANCE:
        raise TemplateError(f"{place}: the box leaves the page")


def _check_sizes(box: TextBox | RowsBox, place: str) -> None:
    if not SIZE_MIN <= (box.minimum or box.size) <= box.size <= 60:
        raise TemplateError(f"{place}: size and minimum are {SIZE_MIN} to 60 mm")
    if not 1 <= box.lead <= 4:
        raise TemplateError(f"{place}: lead is 1 to 4")
    if isinstance(box, TextBox) and not (-0.1 <= box.track <= 3 and 0 <= box.indent <= 8):
        raise TemplateError(f"{place}: track or indent is out of bounds")


def _check_rows(box: RowsBox, page: PageForm, place: str) -> None:
    if not box.rows or not 0 <= box.pad <= 10 or not SIZE_MIN <= box.english_size <= 20:
        raise TemplateError(f"{place}: no rows, or pad or english_size is out of bounds")
    room = min(box.label_width, box.width - box.label_width) - 2 * box.pad
    if room < 2 * box.size:
        raise TemplateError(f"{place}: labels and values need room for two characters")
    if not (box.next_height > 0 and box.next_y >= 0 and box.next_y + box.next_height <= page.height + _TOLERANCE):
        raise TemplateError(f"{place}: next_y and next_height say where a long table runs on")
    # Three lines of a value and the edges: less could never make headway on a further page.
    if min(box.height, box.next_height) < 2 * box.pad + box.size * (1 + 3 * box.lead):
        raise TemplateError(f"{place}: too low for a table")
    for row in box.rows:
        _check_row(row, box, place)


def _check_row(row: Row, box: RowsBox, place: str) -> None:
    if not row.field and not (row.label and row.value):
        raise TemplateError(f"{place}: a row has a field, or a label and a value")
    if not 0 <= row.height <= min(box.height, box.next_height):
        raise TemplateError(f"{place}: a row is higher than the table")
    if row.empty and not row.empty.strip():
        raise TemplateError(f"{place}: empty is a text that can be seen")


def _check_code_is_free(template: Template) -> None:
    code = next(box for box in template.box if isinstance(box, CodeBox))
    for place, box in _all_boxes((), template.box, ()):
        if box is not code and not isinstance(box, Drawing) and _meet(box, code):
            raise TemplateError(f"{place}: the box meets the QR code")
    for place, box in _all_boxes(template.every_page, (), ()):
        if isinstance(box, TextBox) and _meet(box, code):
            raise TemplateError(f"{place}: the box meets the QR code")


def _meet(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width - _TOLERANCE
        and other.x < one.x + one.width - _TOLERANCE
        and one.y < other.y + other.height - _TOLERANCE
        and other.y < one.y + one.height - _TOLERANCE
    )


# Reading of values by the kinds that the dataclasses declare.


@lru_cache(maxsize=32)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_dataclass(kind: type, entries: object, place: str) -> Any:  # noqa: ANN401 - of the kind that is asked for
    if not isinstance(entries, Mapping):
        raise TemplateError(f"{place}: a table was expected")
    fields = {each.name: each for each in dataclasses.fields(kind)}
    unknown = entries.keys() - fields.keys()
    if unknown:
        raise TemplateError(f"{place}: unknown key {min(unknown)}")
    missing = {
        name
        for name, each in fields.items()
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    } - entries.keys()
    if missing:
        raise TemplateError(f"{place}: no {min(missing)}")
    hints = _hints(kind)
    return kind(**{name: _read(hints[name], value, f"{place}: {name}") for name, value in entries.items()})


def _read_box(entries: object, place: str) -> Any:  # noqa: ANN401 - one of the kinds of boxes
    if not isinstance(entries, Mapping) or not isinstance(entries.get("kind"), str) or entries["kind"] not in _KINDS:
        raise TemplateError(f"{place}: kind is one of {', '.join(_KINDS)}")
    rest = {name: value for name, value in entries.items() if name != "kind"}
    return _read_dataclass(_KINDS[entries["kind"]], rest, place)


def _read(hint: Any, value: object, place: str) -> Any:  # noqa: ANN401 - one line for each kind
    if hint == Wording:
        return read_wording(_plain(str, value, place))
    if hint in {Colour, Colour | None}:
        return _colour(value, place)
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint)[0], value, place)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise TemplateError(f"{place} is one of {', '.join(get_args(hint))}")
        return value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(hint, value, place)
    return _plain(hint, value, place)


def _read_tuple(hint: Any, value: object, place: str) -> Any:  # noqa: ANN401 - a tuple of what the hint asks for
    if not isinstance(value, list):
        raise TemplateError(f"{place}: a list was expected")
    read = _read_dataclass if hint is Row else None
    return tuple(
        read(hint, each, f"{place} {index}") if read else _read_box(each, f"{place.removeprefix('template: ')} {index}")
        for index, each in enumerate(value, 1)
    )


def _plain(hint: Any, value: object, place: str) -> Any:  # noqa: ANN401 - of the kind that is asked for
    if hint is float and type(value) in {int, float} and math.isfinite(value):  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    if type(value) is not hint:
        raise TemplateError(f"{place}: of the wrong kind")
    return value


def _colour(value: object, place: str) -> Colour:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise TemplateError(f'{place}: a colour is written like "#8A6D1D"')
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
