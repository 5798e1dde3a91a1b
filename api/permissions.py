"""Who may do what: one table, a row for each operation of the HTTP interface.

Promises:
  * An operation without a row does not start: the application refuses to be built, and a test says which.
  * The rows for the public are the only way in without a key; `serve --public` serves those and nothing else.
  * No key acts as the system itself. What belongs to a department is reached by that department's keys alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.identity import Caller, operator_of
from registry import drafts, jobs, licences, official_documents
from registry.db import Database, Transaction, reading
from registry.errors import UnknownBatchError, UnknownLicenceError
from registry.records import ApiClient, Role
from signer.errors import OtherDepartmentError, RoleError


class Scope(StrEnum):
    """Which records an operation reaches."""

    PUBLIC = "public"
    """What everybody may know."""
    OWN = "own"
    """The caller's department's: the query itself is limited to it."""
    RECORD = "record"
    """The one record that the address names; its department must be the caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One row. `roles` in the order in which a client with several acts; `once` wants an Idempotency-Key."""

    scope: Scope
    roles: tuple[Role, ...] = ()
    once: bool = False
    if_match: bool = False

    @property
    def is_public(self) -> bool:
        """Say whether no key is needed."""
        return self.scope is Scope.PUBLIC


_OFFICER: Final = (Role.ISSUING_OFFICER,)
_REVIEWER: Final = (Role.REVIEWER,)
_BOTH: Final = (Role.ISSUING_OFFICER, Role.REVIEWER)
_PUBLIC: Final = Permission(scope=Scope.PUBLIC)

PERMISSIONS: Final[Mapping[str, Permission]] = {
    # licences
    "issue_licence": Permission(scope=Scope.OWN, roles=_OFFICER, once=True),
    "list_licences": Permission(scope=Scope.OWN, roles=_BOTH),
    "get_licence": Permission(scope=Scope.RECORD, roles=_BOTH),
    "get_licence_document": Permission(scope=Scope.RECORD, roles=_BOTH),
    "list_licence_events": Permission(scope=Scope.RECORD, roles=_BOTH),
    "record_licence_event": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True, if_match=True),
    "renew_licence": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True, if_match=True),
    "change_licence": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True, if_match=True),
    "replace_licence": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True, if_match=True),
    # drafts
    "create_draft": Permission(scope=Scope.OWN, roles=_OFFICER),
    "list_drafts": Permission(scope=Scope.OWN, roles=_BOTH),
    "get_draft": Permission(scope=Scope.RECORD, roles=_BOTH),
    "change_draft": Permission(scope=Scope.RECORD, roles=_OFFICER, if_match=True),
    "submit_draft": Permission(scope=Scope.RECORD, roles=_OFFICER, if_match=True),
    "approve_draft": Permission(scope=Scope.RECORD, roles=_REVIEWER, if_match=True),
    "return_draft": Permission(scope=Scope.RECORD, roles=_BOTH, if_match=True),
    "withdraw_draft": Permission(scope=Scope.RECORD, roles=_OFFICER, if_match=True),
    "issue_draft": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True, if_match=True),
    # batches
    "check_sheet": Permission(scope=Scope.OWN, roles=_OFFICER),
    "create_batch": Permission(scope=Scope.OWN, roles=_OFFICER),
    "list_batches": Permission(scope=Scope.OWN, roles=_BOTH),
    "get_batch": Permission(scope=Scope.RECORD, roles=_BOTH),
    "list_batch_rows": Permission(scope=Scope.RECORD, roles=_BOTH),
    "get_bad_rows": Permission(scope=Scope.RECORD, roles=_BOTH),
    "approve_batch": Permission(scope=Scope.RECORD, roles=_REVIEWER),
    "run_batch": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True),
    "cancel_batch": Permission(scope=Scope.RECORD, roles=_OFFICER),
    # official documents
    "prepare_document": Permission(scope=Scope.OWN, roles=_OFFICER),
    "list_documents": Permission(scope=Scope.OWN, roles=_BOTH),
    "get_document": Permission(scope=Scope.RECORD, roles=_BOTH),
    "get_document_file": Permission(scope=Scope.RECORD, roles=_BOTH),
    "get_document_page": Permission(scope=Scope.RECORD, roles=_BOTH),
    "approve_document": Permission(scope=Scope.RECORD, roles=_REVIEWER),
    "seal_document": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True),
    # for everybody
    "check_licence": _PUBLIC,
    "verify": _PUBLIC,
    "verify_file": _PUBLIC,
    "list_licence_types": _PUBLIC,
    "get_licence_type": _PUBLIC,
    "list_service_items": _PUBLIC,
    "list_departments": _PUBLIC,
    "get_status_list": _PUBLIC,
    "get_trust_list": _PUBLIC,
    "get_revocation_list": _PUBLIC,
    "get_certificate": _PUBLIC,
    "get_log_key": _PUBLIC,
    "get_checkpoint": _PUBLIC,
    "get_tile": _PUBLIC,
    "list_log_entries": _PUBLIC,
    "get_inclusion_proof": _PUBLIC,
    "find_inclusion_proof": _PUBLIC,
    "get_consistency_proof": _PUBLIC,
    "get_problem": _PUBLIC,
    "get_health": _PUBLIC,
}
"""Every operation by its operationId."""

RECORDS: Final = ("licence_id", "draft_id", "batch_id", "document_id")
"""The path parameters that name a record of one department."""


def admitted(database: Database, permission: Permission, client: ApiClient, path: Mapping[str, str]) -> Caller:
    """Return the caller with the role in which it acts.

    Raises `RoleError`, `OtherDepartmentError`, or what says that there is no such record, in this order: who may not
    do such a thing at all is not told what exists.
    """
    role = next((role for role in permission.roles if role in client.roles), None)
    if role is None:
        raise RoleError
    if permission.scope is Scope.RECORD:
        with reading(database) as tx:
            owner = _owner(tx, path)
        if owner != client.department:
            raise OtherDepartmentError
    return Caller(client=client, operator=operator_of(client, role))


def _owner(tx: Transaction, path: Mapping[str, str]) -> str:
    if "licence_id" in path:
        licence = licences.find_licence(tx, path["licence_id"])
        if licence is None:
            raise UnknownLicenceError
        return licence.issuer
    if "draft_id" in path:
        return drafts.find_draft(tx, path["draft_id"]).draft.issuer
    if "document_id" in path:
        return official_documents.demand_official(tx, path["document_id"]).department
    batch = jobs.find_batch(tx, path["batch_id"])
    if batch is None:
        raise UnknownBatchError
    return batch.issuer
