"""Find what would not fit its page or its code before anything is reserved, logged or signed.

Promises:
  * What is not known yet (number, place in a status list, day of issue) is taken as long as it can become, and the id
    as wide as random ids get, so what fits here fits when it is issued.
  * All fields that do not fit are named at once. Nothing is set and nothing is written: a quarter of a layout's time.

Not here: characters that no font has; `precheck` asks for those first.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from registry.permutation import LIST_SIZE
from registry.records import Department, LicenceDraft, LicenceType, Place
from signer.contents import claims_of, data_set_of, uncounted_number
from signer.holder_codes import CODE_TYPE_NAMES
from signer.page.errors import CharacterMissingError, QrTooLongError
from signer.page.names import page_values
from signer.page.press import Press
from signer.page.qr import demand_room
from verify.algorithms import Algorithm
from verify.errors import FieldProblem, MalformedError
from verify.licence import ISSUER_ZONE, SALT_BYTES, DataSet
from verify.qr_text import LICENCE_TEXT, SIGNATURE_BYTES, make_sign1, make_text
from verify.values import LicenceIdentifier, LicenceTypeCode, Uscc

# Ids are random: wider than sixteen Q (six standard deviations above the mean) is less than one in a thousand million.
_WIDE_ID: Final = "Q" * 16
# A lineage has 13 digits; a licence has at most 999 versions.
_LONGEST_LINEAGE, _LAST_VERSION = "8" * 13, 999
# Status lists hold 131,072 licences each; ten thousand of them are more than a billion licences.
_LIST_NUMBER: Final = 10_000
# Two digits for day and month; September is the longest month in English.
_LONGEST_DAY: Final = {"ZZBFRQ": "2028年12月28日", "ZZBFRQ_EN": "28 September 2028"}
_DRAFT_NAMES: Final = {"CZZT": "holder_name", "CZZTDM": "holder_code", "ZZBH": "number"}
_KEY_ID: Final = bytes(8)


def fit_problems(
    draft: LicenceDraft, licence_type: LicenceType, department: Department, *, press: Press, host: str, at: datetime
) -> tuple[FieldProblem, ...]:
    """Return what does not fit, for a draft that is complete and right in all else."""
    place = _longest_place(draft, licence_type, department, at=at)
    try:
        data_set = data_set_of(draft, department, place, salt=bytes(SALT_BYTES))
        _demand_code(draft, data_set, place, host=host, at=at)
        values = _values(draft, licence_type, department, data_set, at=at)
        too_long = press.too_long(licence_type, values)
    except (MalformedError, QrTooLongError, CharacterMissingError) as error:
        return (FieldProblem(field=_blamed(error, draft), code=error.code, params=error.params),)
    return tuple(_problems(too_long, draft, licence_type))


def _longest_place(draft: LicenceDraft, licence_type: LicenceType, department: Department, *, at: datetime) -> Place:
    identifier = LicenceIdentifier.make(
        LicenceTypeCode(draft.type_code), Uscc(draft.issuer), _LONGEST_LINEAGE, _LAST_VERSION
    )
    return Place(
        draft_id="",
        licence_id=_WIDE_ID,
        number=draft.number or uncounted_number(draft, licence_type, department, at=at),
        identifier=identifier.text,
        status_list=_LIST_NUMBER,
        status_index=LIST_SIZE - 1,
        lineage=_LONGEST_LINEAGE,
        version=_LAST_VERSION,
    )


def _demand_code(draft: LicenceDraft, data_set: DataSet, place: Place, *, host: str, at: datetime) -> None:
    payload = claims_of(draft, data_set, place, at=at).payload()
    sign1 = make_sign1(payload, algorithm=Algorithm.ES256, kid=_KEY_ID, signature=bytes(SIGNATURE_BYTES))
    demand_room(make_text(LICENCE_TEXT, host, data_set.licence_id, sign1))


def _values(
    draft: LicenceDraft, licence_type: LicenceType, department: Department, data_set: DataSet, *, at: datetime
) -> Mapping[str, str]:
    code_type = CODE_TYPE_NAMES.get(draft.holder_code_type, "")
    issued_on = at.astimezone(ISSUER_ZONE).date()
    values = page_values(licence_type, draft, data_set, department, code_type=code_type, issued_on=issued_on)
    return {**values, **_LONGEST_DAY}


def _problems(names: Iterable[str], draft: LicenceDraft, licence_type: LicenceType) -> Iterator[FieldProblem]:
    """Name the draft's own texts in the order of the form; where there is none, the template is at fault."""
    told = {"holder_name", "holder_code", *(name for name, text in draft.fields.items() if text)}
    if draft.number is not None:
        told.add("number")
    wanted = {_DRAFT_NAMES.get(name, name) for name in names}
    order = ("holder_name", "holder_code", "number", *(each.short_name for each in licence_type.fields))
    found = [name for name in order if name in wanted & told]
    if wanted and not found:
        yield FieldProblem(field="type_code", code="page.text_overflow", params={"names": " ".join(sorted(wanted))})
    for name in found:
        yield FieldProblem(field=name, code="page.text_overflow")


def _blamed(error: Exception, draft: LicenceDraft) -> str:
    """Return the field to shorten: of the code that is the number, if it was given, else the holder's name."""
    if isinstance(error, CharacterMissingError):
        return "type_code"
    return "holder_name" if draft.number is None else "number"
