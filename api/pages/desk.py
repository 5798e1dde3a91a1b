"""The counter's page for who is signed in: the same verdict as everybody's, and what a stated purpose may see beside.

Promises:
  * Without a purpose a clerk sees what the public sees. With one, what the catalogue allows this purpose; that leaves a
    receipt in the name of the department, with a pseudonym for the person.
  * A licence is found by its number only together with its holder, and only for a purpose.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.checking import as_meant, check_entry
from api.pages.doors import TheVisit, Visit, staff_page, staff_router
from api.pages.public import verdict_values
from api.pages.sign_in import refusal
from api.relying import Found, Purposed, Question, answer_all, relied
from api.staff.errors import PurposeMissingError, SignInError, TwoQuestionsError
from registry.purposes import Purpose, is_printable, is_stated
from verify.errors import MalformedError, YinzhengError
from verify.report import Report

desk_pages: Final = staff_router()
_ENTRY_LENGTH_MAX: Final = 4_000
_TEXT_LENGTH_MAX: Final = 500
_PURPOSES: Final = tuple(each.value for each in Purpose)


@desk_pages.get("/office/desk")
def show_desk(request: Request, visit: TheVisit) -> Response:
    """Ask what is to be checked, and what for."""
    return _desk_page(request, visit, None)


@desk_pages.post("/office/desk")
def check_at_desk(request: Request, visit: TheVisit) -> Response:
    """Check it, and show what the purpose may see."""
    entry = as_meant(visit.text("entry", _ENTRY_LENGTH_MAX))
    number = visit.text("number").strip()
    try:
        if entry and number:
            raise TwoQuestionsError
        if visit.text("purpose"):
            found = _relied(visit, entry, number)
            return _verdict_page(request, visit, found.report, found)
        if number or not entry:
            raise PurposeMissingError
        return _verdict_page(request, visit, check_entry(visit.office, entry), None)
    except (MalformedError, SignInError) as error:
        return _desk_page(request, visit, error)
    except YinzhengError as error:
        return _desk_page(request, visit, error, field="purpose")


def _relied(visit: Visit, entry: str, number: str) -> Found:
    """Check for the stated purpose. Raises what says which part of it is missing, or that the id is mistyped."""
    basis, holder = visit.text("basis", _TEXT_LENGTH_MAX).strip(), visit.text("holder").strip()
    case_number = visit.text("case").strip()
    asked = visit.text("purpose")
    if (
        asked not in _PURPOSES
        or not is_stated(basis)
        or not is_printable(case_number)
        or not (entry or (number and holder))
    ):
        raise PurposeMissingError
    person = visit.signed_in.person
    stated = Purposed(
        purpose=Purpose(asked),
        legal_basis=basis,
        item_code=visit.text("item", 33).strip() or None,
        case_number=case_number,
        operator=bytes.fromhex(visit.house.sign_in.key.mark(f"operator {person.person_id}")),
    )
    reliance = relied(visit.office, stated, department=person.department, client=person.person_id)
    is_text = "#" in entry or "/" in entry
    question = Question(
        text=entry if is_text else "",
        typed="" if is_text else entry,
        number="" if entry else number,
        holder="" if entry else holder,
    )
    (found,) = answer_all(visit.office, (question,), reliance)
    if isinstance(found, MalformedError):
        raise found
    return found


def _desk_page(request: Request, visit: Visit, error: YinzhengError | None, *, field: str = "entry") -> Response:
    values = {"purposes": _PURPOSES, **refusal(error, field)}
    return staff_page(request, visit, "desk.html", values, status=200 if error is None else 422)


def _verdict_page(request: Request, visit: Visit, report: Report, found: Found | None) -> Response:
    values = {
        **verdict_values(request, report),
        "fields": () if found is None else found.content["fields"],
        "receipt": "" if found is None or found.receipt is None else found.receipt.record.receipt_id,
    }
    return staff_page(request, visit, "desk_verdict.html", values)
