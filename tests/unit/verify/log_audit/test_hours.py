"""Office hours are those of China, holidays and weekends worked are the auditor's to say."""

from datetime import UTC, date, datetime

import pytest

from verify.log_audit.hours import OfficeHours, OfficeHoursError

HOURS = OfficeHours.parse("08:30-18:00", [date(2026, 10, 1)], [date(2026, 10, 10)])


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        (datetime(2026, 9, 1, 0, 30, tzinfo=UTC), True),
        (datetime(2026, 9, 1, 0, 29, 59, tzinfo=UTC), False),
        (datetime(2026, 9, 1, 9, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 9, 1, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 9, 5, 2, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 1, 2, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 10, 2, 0, tzinfo=UTC), True),
    ],
)
def test_a_moment_lies_within_office_hours_or_outside(moment: datetime, works: bool) -> None:  # noqa: FBT001 - a column of the table
    assert HOURS.covers(int(moment.timestamp())) is works


@pytest.mark.parametrize("text", ["", "8:30-18:00", "18:00-08:30", "08:00-25:00", "08:00-24:01", "08:00-08:00"])
def test_other_hours_are_refused(text: str) -> None:
    with pytest.raises(OfficeHoursError):
        OfficeHours.parse(text)
