"""The demonstration's applications: which sheet, with the drawn photos, and its days brought near to today.

Promises: nothing but days is changed, and they only once the terms of the sheet have begun to run out.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from api.cli.demo_photos import draw_portrait
from signer.sheet_rows import COMMON, parse_day
from signer.sheets import read_sheet, write_sheet
from verify.errors import MalformedError

APPLICATIONS: Final = Path(__file__).parents[2] / "examples" / "applications.csv"
# The shortest terms of the sheet, two years, run out in February 2028; until the end of this year it stands as it is.
GOOD_UNTIL: Final = 2027
_DAYS: Final = frozenset(name for column in ("valid_from", "valid_until") for name in COMMON[column])


def current_sheet(content: bytes, *, today: date, rows: int | None) -> bytes:
    """Return the first rows of the sheet, or all, with its terms moved on by whole years where it has grown old."""
    years = max(0, today.year - GOOD_UNTIL)
    if rows is None and not years:
        return content
    sheet = read_sheet(content)
    moved = [index for index, heading in enumerate(sheet.headings) if years and heading in _DAYS]
    return write_sheet(
        sheet.headings,
        [
            [_later(cell, years) if index in moved else cell for index, cell in enumerate(row.cells)]
            for row in sheet.rows[:rows]
        ],
    )


@lru_cache(maxsize=1024)
def photo(name: str) -> bytes:
    """Return the portrait of a row's photo column: drawn, of nobody."""
    return draw_portrait(name)


def _later(text: str, years: int) -> str:
    """Return a day some years later in ISO form; what is no day stays as it is, for it is meant to be wrong."""
    try:
        day = parse_day(text)
    except MalformedError:
        return text
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day).isoformat()
