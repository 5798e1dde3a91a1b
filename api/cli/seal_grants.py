"""`seal grant|grants|withdraw|uses`: who may use a seal for what, and what it was used for.

Promises: a grant without types and items covers all that its office decides, each item on the basis that the catalogue
names; an item without a basis of its own takes that one too.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.acts import BasisOption, FromOption, ReasonOption, ReferenceOption
from api.cli.files import read_file
from api.cli.people import ByOption
from api.cli.program import Session, session_of
from api.cli.seal_words import grant_object, grant_row, use_object, use_row
from api.cli.seals import CodeArgument, UntilOption, manager_of, seal
from api.seal_intake import bases_of, begins_at, ends_before
from api.wiring import Office
from registry import seal_grants, seal_uses, seals
from registry.db import Transaction, reading
from registry.records import Role
from registry.seal_records import GrantTerms, SealGrant, SealUse
from signer.seal_founding import usual_terms
from signer.seal_granting import grant_seal, withdraw_seal_grant
from signer.seal_grounds import Grounds
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.values import LicenceId

_MANAGERS: Final = (Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER)
_MICROSECOND: Final = timedelta(microseconds=1)


class UsingRole(StrEnum):
    """Roles that may use seals."""

    ISSUING_OFFICER = "issuing_officer"
    REVIEWER = "reviewer"


@seal.command(help="授权一个部门、角色或个人使用印章。 Let an office, a role or a person use the seal.")
def grant(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    code: CodeArgument,
    *,
    office: Annotated[str, typer.Option(metavar="USCC", help="被授权部门的代码。 Who may use it.")],
    until: UntilOption,
    reason: ReasonOption,
    legal_basis: BasisOption,
    reference: ReferenceOption = "",
    only_types: Annotated[
        list[str] | None, typer.Option("--type", metavar="CODE", help="证照类型（可多次）。 Licence type (repeatable).")
    ] = None,
    only_items: Annotated[
        list[str] | None,
        typer.Option(
            "--item", metavar="CODE[=BASIS]", help="事项及其依据（可多次）。 Item and its basis (repeatable)."
        ),
    ] = None,
    valid_from: FromOption = None,
    documents_basis: Annotated[
        str | None, typer.Option(metavar="TEXT", help="公文用印的依据。 Basis for documents that are no licence.")
    ] = None,
    role: Annotated[UsingRole | None, typer.Option(help="只限此角色。 Only for this role.")] = None,
    person: Annotated[str | None, typer.Option(metavar="PERSON", help="只限此人。 Only for this person.")] = None,
    uses: Annotated[int | None, typer.Option(min=1, metavar="N", help="最多使用次数。 At most so many uses.")] = None,
    second: Annotated[bool, typer.Option("--second", help="须两人共同用印。 A second person is needed.")] = False,
    by: ByOption = None,
) -> None:
    """Give a grant."""
    session = session_of(context)
    desk, now = session.office.desk, session.office.clock()
    operator = manager_of(session, code, (Role.SEAL_CUSTODIAN,), by)
    terms = replace(
        _terms(session.office, office, only_types or (), only_items or (), documents_basis),
        valid_from=begins_at(valid_from, now=now), valid_until=ends_before(until),
        role=None if role is None else role.value, person=person, uses_max=uses, needs_second=second,
    )  # fmt: skip
    grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
    given = grant_seal(desk, code, terms, grounds, operator=operator, at=now)
    text = session.screen.say(f"✔ 已授权 {given.grant_id}", f"✔ Granted {given.grant_id}")
    session.screen.result(grant_object(given), text)


@seal.command(help="撤回授权，不能恢复。 Withdraw a grant for good.")
def withdraw(
    context: typer.Context,
    grant_id: Annotated[str, typer.Argument(metavar="GRANT", help="授权编号。 Number of the grant.")],
    *,
    reason: ReasonOption,
    legal_basis: BasisOption,
    reference: ReferenceOption = "",
    by: ByOption = None,
) -> None:
    """Withdraw a grant."""
    session = session_of(context)
    office = session.office
    with reading(office.database) as tx:
        code = seal_grants.demand_grant(tx, grant_id).code
    operator = manager_of(session, code, _MANAGERS, by)
    grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
    gone = withdraw_seal_grant(office.desk, grant_id, grounds, operator=operator, at=office.clock())
    text = session.screen.say(f"✔ 已撤回 {grant_id}", f"✔ Withdrawn {grant_id}")
    session.screen.result(grant_object(gone), text)


@seal.command(help="列出印章的授权。 List the grants of a seal.")
def grants(context: typer.Context, code: CodeArgument) -> None:
    """List grants."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        seals.demand_seal(tx, code)
        found = seal_grants.grants_of(tx, code)
    _show_grants(session, found)


@seal.command(help="用印记录，新的在前。 The uses of a seal, newest first, or of what was sealed.")
def uses(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="印章编码。 Code of the seal.")] = None,
    *,
    licence: Annotated[str | None, typer.Option(metavar="ID", help="按证照核验码查。 Of this licence.")] = None,
    document: Annotated[str | None, typer.Option(metavar="ID", help="按公文编号查。 Of this document.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="按用印的文件查。 Of this sealed file.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="最多列出。 At most so many.")] = 50,
) -> None:
    """List uses."""
    session = session_of(context)
    if code is None and licence is None and document is None and file is None:
        raise typer.BadParameter("CODE | --licence | --document | --file")
    found: list[SealUse] = []
    with reading(session.office.database) as tx:
        if code is not None:
            seals.demand_seal(tx, code)
            before = session.office.clock() + _MICROSECOND
            found += seal_uses.uses_of_seal(tx, code, before=before, limit=limit)
        found += _uses_of(tx, licence, document, file)
    _show_uses(session, found[:limit])


def _uses_of(tx: Transaction, licence: str | None, document: str | None, file: Path | None) -> tuple[SealUse, ...]:
    found: tuple[SealUse, ...] = ()
    if licence is not None:
        found += seal_uses.uses_of_licence(tx, LicenceId.parse_typed(licence).text)
    if document is not None:
        found += seal_uses.uses_of_document(tx, LicenceId.parse_typed(document).text)
    if file is not None:
        content = read_file(file, bytes_max=DOCUMENT_BYTES_MAX)
        found += seal_uses.uses_of_body(tx, sha256(content).hexdigest())
    return found


def _terms(
    office: Office, uscc: str, types: Sequence[str], items: Sequence[str], documents_basis: str | None
) -> GrantTerms:
    """Return what the grant covers: what was named, or all that the office decides."""
    at = office.clock()
    if not types and not items and documents_basis is None:
        with reading(office.database) as tx:
            return usual_terms(tx, uscc, at=at)
    named = [each.partition("=") for each in items]
    known = bases_of(office, tuple(code for code, _, _ in named))
    return GrantTerms(
        office=uscc,
        types=frozenset(types),
        items={code: basis or known[code] for code, _, basis in named},
        valid_from=at,
        valid_until=at,
        documents_basis=documents_basis,
    )


def _show_grants(session: Session, found: Sequence[SealGrant]) -> None:
    screen = session.screen
    if screen.as_json:
        for each in found:
            screen.result(grant_object(each), "")
        return
    headings = ("编号", "被授权", "类型", "事项", "至", "已用", "状态")
    if screen.language == "en":
        headings = ("grant", "whose", "types", "items", "until", "used", "state")
    screen.result({}, screen.table(headings, [grant_row(each, screen) for each in found]))


def _show_uses(session: Session, found: Sequence[SealUse]) -> None:
    screen = session.screen
    if screen.as_json:
        for each in found:
            screen.result(use_object(each), "")
        return
    headings = ("时间", "授权", "经办", "对象", "依据", "状态")
    if screen.language == "en":
        headings = ("time", "grant", "by", "what", "legal basis", "state")
    screen.result({}, screen.table(headings, [use_row(each, screen) for each in found]))
