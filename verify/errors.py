"""Errors: one root, stable codes, no values that people entered.

An error names *what* is wrong (``code``), and *where* (``FieldProblem.field``). The sentences in Chinese and English
live in ``api/texts.py``; the HTTP status in ``api/problems.py``. ``detail`` is for the operator's log and must hold no
personal data.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar


class YinzhengError(Exception):
    """Root of all errors that Yinzheng raises on purpose."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str = "", *, params: Mapping[str, str] | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.params: Mapping[str, str] = dict(params or {})


class MalformedError(YinzhengError):
    """The bytes or characters are not of the form that the standard or our own format demands."""

    code = "malformed"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One thing wrong with one field: a stable code and its parameters, never the entered value."""

    field: str
    code: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)


class InvalidFieldsError(YinzhengError):
    """Fields of a request are wrong; all of them are named, so that a clerk mends them in one go."""

    code = "fields.invalid"

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(", ".join(f"{each.field}: {each.code}" for each in problems))
        self.problems = problems
