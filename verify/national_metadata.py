"""The national metadata inside a document (GB/T 36903): read them, and hold them against data set and page.

Promises:
  * One spelling: JSON with sorted names and nothing between, texts only; a name stands there once.
  * What the page shows of an item is its text, or the same day in words; nothing else passes for it.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from verify.errors import MalformedError
from verify.licence import DATA_SET_BYTES_MAX, DataSet

# The same fields as the data set, under longer names.
METADATA_BYTES_MAX: Final = 2 * DATA_SET_BYTES_MAX
ITEMS_MAX: Final = 200
_COMPACT: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
# Words that a page shows where the metadata have no text: no last day, a code of no listed kind.
LONG_TERM: Final = "长期"
OTHER_CODE: Final = "证件号码"
_WORDS_FOR_NONE: Final[Mapping[str, str]] = {"ZZYXQJZRQ": LONG_TERM, "CZZTDMLX": OTHER_CODE}


class MetadataError(MalformedError):
    """Not national metadata."""

    code = "metadata.malformed"


def read_metadata(data: bytes) -> Mapping[str, str]:
    """Return short names and texts; raises `MetadataError` for anything that our writer would not write."""
    if len(data) > METADATA_BYTES_MAX:
        raise MetadataError("too long")
    try:
        text = data.decode()
        items = json.loads(text)
    except (ValueError, RecursionError):
        raise MetadataError("not JSON") from None
    if (
        not isinstance(items, dict)
        or len(items) > ITEMS_MAX
        or not all(isinstance(each, str) for each in items.values())
    ):
        raise MetadataError("not an object of texts")
    if json.dumps(items, ensure_ascii=False, sort_keys=True, separators=(",", ":")) != text:
        raise MetadataError("a second spelling, or a name twice")
    return items


def metadata_differences(items: Mapping[str, str], data_set: DataSet) -> tuple[str, ...]:
    """Return the short names of what metadata and data set say differently."""
    expected = {
        "ZZLXDM": data_set.type_code,
        "ZZBH": data_set.number,
        "ZZBS": data_set.identifier.text,
        "CZZT": data_set.holder_name,
        "ZZYXQQSRQ": _compact(data_set.valid_from),
        "ZZYXQJZRQ": "" if data_set.valid_until is None else _compact(data_set.valid_until),
        **data_set.fields,
    }
    if data_set.holder_uscc is not None:
        expected["CZZTDM"] = data_set.holder_uscc
    unknown = {name for name in items if name.startswith("KZ_") and name not in expected}
    return (*(name for name, text in expected.items() if items.get(name, "") != text), *sorted(unknown))


def is_shown(name: str, shown: str, items: Mapping[str, str]) -> bool:
    """Say whether this is what a page may show of an item; blanks do not count."""
    text = items.get(name, "") or _WORDS_FOR_NONE.get(name, "")
    seen = without_blanks(shown)
    return bool(seen) and seen in {without_blanks(text), _day_in_words(text)}


def without_blanks(text: str) -> str:
    """Return a text without white space: a line end on the page is none in the text."""
    return "".join(text.split())


def _day_in_words(text: str) -> str:
    """Return 2026年9月21日 for a day that is written 20260921 or 2026-09-21, else nothing."""
    found = _COMPACT.fullmatch(text)
    return f"{int(found[1])}年{int(found[2])}月{int(found[3])}日" if found else ""


def _compact(day: date) -> str:
    return day.strftime("%Y%m%d")
