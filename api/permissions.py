"""Who may do what: one table, a row for each operation of the HTTP interface.

Promises:
  * An operation without a row does not start: the application refuses to be built, and a test says which.
  * The rows for the public are the only way in without a key; `serve --public` serves those for systems, nothing else.
  * A key opens no page, and a session nothing of the interface.
  * No key acts as the system itself. What belongs to a department is reached by that department's keys alone; to all
    others it is not there, by the same answer and the same work as for an id that nobody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.errors import UnknownAddressError
from api.identity import Caller, operator_of
from registry.db import Database, reading
from registry.errors import UnknownBatchError, UnknownDraftError, UnknownLicenceError
from registry.official_errors import UnknownOfficialDocumentError
from registry.owners import owner_of
from registry.receipt_errors import UnknownReceiptError
from registry.records import ApiClient, Role
from registry.seal_errors import UnknownGrantError, UnknownSealError
from signer.errors import RoleError
from verify.errors import YinzhengError


class Scope(StrEnum):
    """Which records an operation reaches."""

    PUBLIC = "public"
    """What everybody may know."""
    OWN = "own"
    """The caller's department's: the query itself is limited to it."""
    RECORD = "record"
    """The one record that the address names; its department must be the caller's."""


class Audience(StrEnum):
    """Who may come to an operation at all: neither credential opens what is for the other."""

    SYSTEMS = "systems"
    """Calling systems, by their key: the interface under `/api/v1`, and the public files."""
    PEOPLE = "people"
    """Members of staff, by their session: the pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One row. `roles` in the order in which a client with several acts; `once` wants an Idempotency-Key.

    `may_once` takes one where it is sent. A public row's roles may do more than everybody, when they show their key.
    Of pages, `early` ones open before the second factor was shown; `fresh` ones want a proof of the last minutes.
    """

    scope: Scope
    roles: tuple[Role, ...] = ()
    once: bool = False
    may_once: bool = False
    if_match: bool = False
    audience: Audience = Audience.SYSTEMS
    early: bool = False
    fresh: bool = False

    @property
    def is_public(self) -> bool:
        """Say whether no key is needed."""
        return self.scope is Scope.PUBLIC


_OFFICER: Final = (Role.ISSUING_OFFICER,)
_REVIEWER: Final = (Role.REVIEWER,)
_BOTH: Final = (Role.ISSUING_OFFICER, Role.REVIEWER)
_CUSTODIAN: Final = (Role.SEAL_CUSTODIAN,)
_APPROVER: Final = (Role.SEAL_APPROVER,)
_MANAGERS: Final = (Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER)
# Who may look at seals and their uses: those who manage them, and those who audit. Nobody is both.
_LOOKERS: Final = (Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER, Role.AUDITOR)
_PUBLIC: Final = Permission(scope=Scope.PUBLIC)
# Who relies on licences for an office; each use leaves a receipt, which those who audit may read.
_RELYING: Final = (Role.COUNTER, Role.ISSUING_OFFICER, Role.REVIEWER)
_RECEIPTS: Final = (*_RELYING, Role.AUDITOR)
_RELIED: Final = Permission(scope=Scope.PUBLIC, roles=_RELYING, may_once=True)
# Pages. Whoever manages accounts, or their own way in, proves again who they are.
_DOOR: Final = Permission(scope=Scope.PUBLIC, audience=Audience.PEOPLE)
_STAFF: Final = tuple(role for role in Role if role is not Role.SYSTEM)
_ENTERING: Final = Permission(scope=Scope.OWN, roles=_STAFF, audience=Audience.PEOPLE, early=True)
_ENTERED: Final = Permission(scope=Scope.OWN, roles=_STAFF, audience=Audience.PEOPLE)
_PROVED: Final = Permission(scope=Scope.OWN, roles=_STAFF, audience=Audience.PEOPLE, fresh=True)
_AT_DESK: Final = Permission(scope=Scope.OWN, roles=_RELYING, audience=Audience.PEOPLE)
_AT_RECEIPT: Final = Permission(scope=Scope.RECORD, roles=_RELYING, audience=Audience.PEOPLE)
_AUDITING: Final = Permission(scope=Scope.OWN, roles=(Role.AUDITOR,), audience=Audience.PEOPLE)
_ADMINISTRATOR: Final = (Role.ADMINISTRATOR,)
_LISTING: Final = Permission(scope=Scope.OWN, roles=_BOTH, audience=Audience.PEOPLE)
_LOOKING: Final = Permission(scope=Scope.RECORD, roles=_BOTH, audience=Audience.PEOPLE)
_SENDING: Final = Permission(scope=Scope.OWN, roles=_OFFICER, audience=Audience.PEOPLE)
_APPROVING: Final = Permission(scope=Scope.RECORD, roles=_REVIEWER, audience=Audience.PEOPLE, fresh=True)
_USING: Final = Permission(scope=Scope.RECORD, roles=_OFFICER, audience=Audience.PEOPLE, fresh=True)
_WRITING: Final = Permission(scope=Scope.RECORD, roles=_OFFICER, audience=Audience.PEOPLE)
_OF_PERSON: Final = Permission(scope=Scope.RECORD, roles=_ADMINISTRATOR, audience=Audience.PEOPLE, fresh=True)

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
    "get_document_contents": Permission(scope=Scope.RECORD, roles=_BOTH),
    "get_document_slip": Permission(scope=Scope.RECORD, roles=_BOTH),
    "approve_document": Permission(scope=Scope.RECORD, roles=_REVIEWER),
    "seal_document": Permission(scope=Scope.RECORD, roles=_OFFICER, once=True),
    # seals
    "apply_for_seal": Permission(scope=Scope.OWN, roles=_CUSTODIAN, once=True),
    "list_seals": Permission(scope=Scope.OWN, roles=_LOOKERS),
    "get_seal": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "get_seal_picture": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "list_seal_events": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "approve_seal": Permission(scope=Scope.RECORD, roles=_APPROVER, once=True, if_match=True),
    "refuse_seal": Permission(scope=Scope.RECORD, roles=_APPROVER, once=True, if_match=True),
    "make_seal": Permission(scope=Scope.RECORD, roles=_MANAGERS, once=True, if_match=True),
    "file_seal": Permission(scope=Scope.RECORD, roles=_MANAGERS, once=True, if_match=True),
    "renew_seal": Permission(scope=Scope.RECORD, roles=_CUSTODIAN, once=True, if_match=True),
    "suspend_seal": Permission(scope=Scope.RECORD, roles=_MANAGERS, once=True, if_match=True),
    "reinstate_seal": Permission(scope=Scope.RECORD, roles=_MANAGERS, once=True, if_match=True),
    "propose_seal_ending": Permission(scope=Scope.RECORD, roles=_CUSTODIAN, once=True, if_match=True),
    "confirm_seal_ending": Permission(scope=Scope.RECORD, roles=_APPROVER, once=True, if_match=True),
    # grants and uses of seals
    "give_seal_grant": Permission(scope=Scope.RECORD, roles=_CUSTODIAN, once=True),
    "list_seal_grants": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "get_seal_grant": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "withdraw_seal_grant": Permission(scope=Scope.RECORD, roles=_MANAGERS, once=True),
    "list_office_grants": Permission(scope=Scope.OWN, roles=_BOTH),
    "list_seal_uses": Permission(scope=Scope.RECORD, roles=_LOOKERS),
    "find_seal_uses": Permission(scope=Scope.OWN, roles=_LOOKERS),
    # for offices that rely on licences
    "verify_batch": Permission(scope=Scope.OWN, roles=_RELYING, may_once=True),
    "list_receipts": Permission(scope=Scope.OWN, roles=_RECEIPTS),
    "get_receipt": Permission(scope=Scope.RECORD, roles=_RECEIPTS),
    "get_receipt_page": Permission(scope=Scope.RECORD, roles=_RECEIPTS),
    "list_recalls": Permission(scope=Scope.OWN, roles=_RECEIPTS),
    # for everybody
    "get_webhook_keys": _PUBLIC,
    "get_token": _PUBLIC,
    "get_seal_status": _PUBLIC,
    "get_seal_history": _PUBLIC,
    "get_seal_history_file": _PUBLIC,
    "list_seal_records": _PUBLIC,
    "find_seal_use_records": _PUBLIC,
    "get_seal_status_list": _PUBLIC,
    "read_code": _PUBLIC,
    "get_pack": _PUBLIC,
    "get_pack_since": _PUBLIC,
    "check_licence": _PUBLIC,
    "verify": _RELIED,
    "verify_file": _RELIED,
    "get_signed_revision": _PUBLIC,
    "list_licence_types": _PUBLIC,
    "get_licence_type": _PUBLIC,
    "list_service_items": _PUBLIC,
    "list_departments": _PUBLIC,
    "get_status_list": _PUBLIC,
    "get_trust_list": _PUBLIC,
    "get_revocation_list": _PUBLIC,
    "get_monthly_report": _PUBLIC,
    "get_certificate": _PUBLIC,
    "get_log_key": _PUBLIC,
    "get_checkpoint": _PUBLIC,
    "get_witnessed_checkpoint": _PUBLIC,
    "get_closed_checkpoint": _PUBLIC,
    "get_tile": _PUBLIC,
    "list_log_entries": _PUBLIC,
    "get_inclusion_proof": _PUBLIC,
    "find_inclusion_proof": _PUBLIC,
    "get_consistency_proof": _PUBLIC,
    "get_problem": _PUBLIC,
    "get_health": _PUBLIC,
    # pages for the way in
    "show_sign_in": _DOOR,
    "sign_in": _DOOR,
    "show_invitation": _DOOR,
    "accept_invitation": _DOOR,
    "go_to_provider": _DOOR,
    "return_from_provider": _DOOR,
    "show_demonstration": _DOOR,
    "enter_demonstration": _DOOR,
    "show_second_factor": _ENTERING,
    "prove_second_factor": _ENTERING,
    "show_enrolment": _ENTERING,
    "enrol_second_factor": _ENTERING,
    "sign_out": _ENTERING,
    # pages for one's own account
    "show_office": _ENTERED,
    "show_account": _ENTERED,
    "show_confirmation": _ENTERED,
    "confirm": _ENTERED,
    "end_session": _ENTERED,
    "sign_out_everywhere": _ENTERED,
    "change_password": _PROVED,
    "renew_recovery_codes": _PROVED,
    # pages for work
    "show_desk": _AT_DESK,
    "check_at_desk": _AT_DESK,
    "show_receipts": _AT_DESK,
    "save_receipt_page": _AT_RECEIPT,
    "save_receipt": _AT_RECEIPT,
    "show_licences": _LISTING,
    "show_licence_form": _SENDING,
    "write_licence": _SENDING,
    "show_draft": _LOOKING,
    "show_draft_photo": _LOOKING,
    "show_draft_page": _LOOKING,
    "save_draft_preview": _LOOKING,
    "show_draft_form": _WRITING,
    "change_seen_draft": _WRITING,
    "approve_seen_draft": _APPROVING,
    "return_seen_draft": _LOOKING,
    "withdraw_seen_draft": _WRITING,
    "issue_seen_draft": _USING,
    "show_licence": _LOOKING,
    "save_licence": _LOOKING,
    "show_documents": _LISTING,
    "upload_document": _SENDING,
    "show_document": _LOOKING,
    "show_document_page": _LOOKING,
    "save_document": _LOOKING,
    "save_document_slip": _LOOKING,
    "approve_seen_document": _APPROVING,
    "seal_seen_document": _USING,
    "show_sheets": _LISTING,
    "upload_sheet": _SENDING,
    "show_sheet": _LOOKING,
    "save_bad_rows": _LOOKING,
    "approve_sheet": _APPROVING,
    "run_sheet": _USING,
    "show_log": _AUDITING,
    "compare_log": _AUDITING,
    "show_people": Permission(scope=Scope.OWN, roles=_ADMINISTRATOR, audience=Audience.PEOPLE),
    "invite_person": _OF_PERSON,
    "change_person_roles": _OF_PERSON,
    "close_person": _OF_PERSON,
}
"""Every operation by its operationId."""


def admitted(database: Database, permission: Permission, client: ApiClient, path: Mapping[str, str]) -> Caller:
    """Return the caller with the role in which it acts.

    Raises `RoleError`, or what says that there is no such record, in this order: who may not do such a thing at all is
    not told what exists.
    """
    role = demand_role(permission, client.roles)
    demand_own_record(database, permission, client.department, path)
    return Caller(client=client, operator=operator_of(client, role))


def demand_role(permission: Permission, roles: frozenset[Role]) -> Role:
    """Return the role in which somebody with these roles acts. Raises `RoleError`."""
    for role in permission.roles:
        if role in roles:
            return role
    raise RoleError


def demand_own_record(database: Database, permission: Permission, department: str, path: Mapping[str, str]) -> None:
    """Make sure that the record that the path names is the department's.

    Raises what says that there is none, also for a record of another department: nobody learns what others have.
    """
    if permission.scope is Scope.RECORD:
        (kind,) = (each for each in path if each in _UNKNOWN)
        with reading(database) as tx:
            owner = owner_of(tx, kind, path[kind])
        if owner != department:
            raise _UNKNOWN[kind]


_UNKNOWN: Final[Mapping[str, type[YinzhengError]]] = {
    "licence_id": UnknownLicenceError,
    "draft_id": UnknownDraftError,
    "batch_id": UnknownBatchError,
    "document_id": UnknownOfficialDocumentError,
    "seal_code": UnknownSealError,
    "grant_id": UnknownGrantError,
    "person_id": UnknownAddressError,
    "receipt_id": UnknownReceiptError,
}

RECORDS: Final = tuple(_UNKNOWN)
"""The path parameters that name a record of one department."""
