"""Check a whole sheet before anything is saved or signed, and give back the bad rows with their reasons.

Promises:
  * Every row is judged, and all that is wrong with it is named at once; nothing is written and no key is used.
  * A row that stands twice, and a number that is used twice, are found within the sheet and against the registry; the
    first such row stays good.
  * The bad rows come back as the same sheet with two columns more, and that file can be sent in again after mending.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry import catalogue, departments, licences
from registry.db import Database, Transaction, reading
from registry.number_format import NumberValues, parse_number_format
from registry.records import Department, LicenceDraft, LicenceType
from signer.page.press import Press
from signer.precheck import check_draft
from signer.sheet_rows import REASONS_EN, REASONS_ZH, PhotoFinder, ReadRow, SheetReader, column_name, read_rows
from signer.sheets import Sheet, read_sheet, write_sheet
from verify.errors import FieldProblem
from verify.licence import ISSUER_ZONE

Sentence = Callable[[FieldProblem, str], str]
"""Returns the sentence for a problem in a language ("zh" or "en"); the texts live in `api`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """One row with its draft, its type, and everything that keeps it from being issued."""

    number: int
    content_digest: bytes
    application: str
    draft: LicenceDraft | None = field(repr=False)
    licence_type: LicenceType | None = field(repr=False)
    problems: tuple[FieldProblem, ...]

    @property
    def is_good(self) -> bool:
        """Say whether the row can be issued."""
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSheet:
    """A sheet and the judgement on each of its rows, in the sheet's order."""

    sheet: Sheet = field(repr=False)
    rows: tuple[CheckedRow, ...]

    @property
    def good(self) -> tuple[CheckedRow, ...]:
        """The rows that can be issued."""
        return tuple(row for row in self.rows if row.is_good)

    @property
    def bad(self) -> tuple[CheckedRow, ...]:
        """The rows that cannot."""
        return tuple(row for row in self.rows if not row.is_good)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetChecker:
    """What a sheet is judged with.

    `host` is what codes carry. `departments` are those in whose name the caller may issue; None means all. `only_type`
    is the type of a sheet without a type column. `progress` is told how many rows are judged.
    """

    database: Database
    press: Press
    host: str
    departments: frozenset[str] | None = None
    only_type: str | None = None
    photos: PhotoFinder = field(default=lambda _name: None)
    progress: Callable[[int], None] = field(default=lambda _done: None)


def check_sheet(checker: SheetChecker, content: bytes, *, at: datetime) -> CheckedSheet:
    """Read and judge a CSV or XLSX file. Raises a `SheetError` when it cannot be read as a sheet at all."""
    sheet = read_sheet(content)
    today = at.astimezone(ISSUER_ZONE).date()
    with reading(checker.database) as tx:
        types = {each.code: each for each in catalogue.all_types(tx, on=today)}
        offices = {each.uscc: each for each in departments.all_departments(tx)}
        divisions = {uscc: each.division for uscc, each in offices.items()}
        reader = SheetReader(
            types=tuple(types.values()),
            issuers=frozenset(divisions),
            photos=checker.photos,
            only_type=checker.only_type,
        )
        seen: dict[object, int] = {}
        rows = []
        for done, row in enumerate(read_rows(sheet, reader), 1):
            judged = _judge(checker, row, types, offices, at=at)
            judged = replace(judged, problems=(*judged.problems, *_numbers(tx, judged, divisions, year=today.year)))
            rows.append(replace(judged, problems=(*judged.problems, *_twice(judged, seen))))
            checker.progress(done)
    return CheckedSheet(sheet=sheet, rows=tuple(rows))


def bad_rows_sheet(
    checked: CheckedSheet,
    problems: Mapping[int, tuple[FieldProblem, ...]],
    sentence: Sentence,
    *,
    write: Callable[[Sequence[str], Iterable[Sequence[str]]], bytes] = write_sheet,
) -> bytes:
    """Return the rows that `problems` names, by number, as a sheet like the one that came in, with the reasons."""
    ours = {REASONS_ZH.casefold(), REASONS_EN.casefold()}
    kept = [index for index, heading in enumerate(checked.sheet.headings) if heading.casefold() not in ours]
    headings = [*(checked.sheet.headings[index] for index in kept), REASONS_ZH, REASONS_EN]
    types = {row.number: row.licence_type for row in checked.rows}
    lines = []
    for row in checked.sheet.rows:
        if row.number in problems:
            reasons = [
                _reasons(problems[row.number], types[row.number], sentence, language) for language in ("zh", "en")
            ]
            lines.append([*(row.cells[index] for index in kept), *reasons])
    return write(headings, lines)


def reason_text(problem: FieldProblem, licence_type: LicenceType | None, sentence: Sentence, language: str) -> str:
    """Return the name of the column and the sentence for one problem."""
    zh, en = column_name(problem.field, licence_type)
    return f"{zh}：{sentence(problem, language)}" if language == "zh" else f"{en}: {sentence(problem, language)}"


def _reasons(
    problems: tuple[FieldProblem, ...], licence_type: LicenceType | None, sentence: Sentence, language: str
) -> str:
    separator = "；" if language == "zh" else "; "
    return separator.join(reason_text(each, licence_type, sentence, language) for each in problems)


def _judge(
    checker: SheetChecker,
    row: ReadRow,
    types: Mapping[str, LicenceType],
    offices: Mapping[str, Department],
    *,
    at: datetime,
) -> CheckedRow:
    licence_type = None if row.draft is None else types[row.draft.type_code]
    problems = row.problems
    if row.draft is not None:
        office = offices.get(row.draft.issuer)
        problems = check_draft(row.draft, licence_type, office, press=checker.press, host=checker.host, at=at)
        if checker.departments is not None and row.draft.issuer not in checker.departments:
            problems = (*problems, FieldProblem(field="item_code", code="department.other"))
    return CheckedRow(
        number=row.number,
        content_digest=row.content_digest,
        application=row.application,
        draft=row.draft,
        licence_type=licence_type,
        problems=problems,
    )


def _numbers(tx: Transaction, row: CheckedRow, divisions: Mapping[str, str], *, year: int) -> tuple[FieldProblem, ...]:
    """Return what is wrong with a number that the row brings along."""
    draft, licence_type = row.draft, row.licence_type
    if draft is None or licence_type is None or row.problems:
        return ()
    return number_problems(tx, draft, licence_type, division=divisions[draft.issuer], year=year)


def number_problems(
    tx: Transaction, draft: LicenceDraft, licence_type: LicenceType, *, division: str, year: int
) -> tuple[FieldProblem, ...]:
    """Return what is wrong with the number that a draft without other problems brings along, if it brings one."""
    if draft.number is None:
        return ()
    parsed = parse_number_format(licence_type.number_format)
    choices = {each.short_name: each.choices for each in licence_type.fields}
    places = {name: choices[name].index(draft.fields[name]) + 1 for name in parsed.fields}
    values = NumberValues(year=year, division=division, places=places)
    malformed = parsed.problem(draft.number, values)
    if malformed is not None:
        return (malformed,)
    wanted = licences.Wanted(department=draft.issuer, type_code=draft.type_code, number=draft.number)
    is_used = bool(licences.list_licences(tx, wanted, limit=1))
    return (FieldProblem(field="number", code="number.used"),) if is_used else ()


def _twice(row: CheckedRow, seen: dict[object, int]) -> tuple[FieldProblem, ...]:
    """Return what stands in an earlier row already; note what this row brings."""
    keys: list[tuple[object, str, str]] = [(row.content_digest, "application", "sheet.duplicate_row")]
    if row.application:
        keys.append((("application", row.application), "application", "sheet.duplicate_row"))
    if row.draft is not None and row.draft.number is not None:
        keys.append(((row.draft.issuer, row.draft.type_code, row.draft.number), "number", "number.used"))
    problems = [
        FieldProblem(field=name, code=code, params={"row": str(seen[key])}) for key, name, code in keys if key in seen
    ]
    for key, _, _ in keys:
        seen.setdefault(key, row.number)
    return tuple({problem.code: problem for problem in problems}.values())
