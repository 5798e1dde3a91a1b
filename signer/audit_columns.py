"""Part of an audit: what the registry's own columns tell is what was signed, or logged, of the same licence or act.

Promises:
  * A name, number, term or place in a status list that was changed in the registry alone is found: a typed id is
    answered from these columns.
  * The grounds of an act are those of the record whose digest stands in the log; a destroyed record leaves nothing to
    compare, as meant.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Final

from registry.audits import AuditedEvent, AuditedLicence
from registry.lifecycle import LicenceEvent, LicenceState, status_value
from signer.holder_codes import CODE_TYPE_USCC
from verify import cbor
from verify.errors import MalformedError
from verify.licence import DataSet, HolderKind, licence_end
from verify.qr_token import LicenceToken, decode_token
from verify.token_claims import ShortStatus

# Reason and legal basis of an act are some thousand characters at most.
RECORD_BYTES_MAX: Final = 1 << 20
_SALT: Final = 0
STATES: Final[Mapping[LicenceEvent | None, LicenceState]] = {
    None: LicenceState.IN_FORCE,
    LicenceEvent.SUSPEND: LicenceState.SUSPENDED,
    LicenceEvent.REINSTATE: LicenceState.IN_FORCE,
    LicenceEvent.REVOKE: LicenceState.REVOKED,
    LicenceEvent.RESCIND: LicenceState.RESCINDED,
    LicenceEvent.WITHDRAW: LicenceState.WITHDRAWN,
    LicenceEvent.CANCEL: LicenceState.CANCELLED,
    LicenceEvent.SUPERSEDE: LicenceState.SUPERSEDED,
}
"""How a licence stands after each act, whatever came before (`registry/lifecycle.py`)."""
UNREADABLE: Final = "data_set"


def signed_otherwise(licence: AuditedLicence) -> str:
    """Name the columns of a licence and of its draft that tell something else than its data set and its code."""
    told = licence.told
    has_uscc = told.holder_kind is HolderKind.ORGANISATION and told.holder_code_type == CODE_TYPE_USCC
    try:
        signed, token = DataSet.decode(licence.data_set), decode_token(licence.token_text)
        fields = json.loads(licence.draft_fields)
    except (MalformedError, ValueError):
        return UNREADABLE
    filled = {name: value for name, value in fields.items() if value} if isinstance(fields, dict) else fields
    return different(
        {
            "licence_id": (signed.licence_id.text, licence.licence_id),
            "identifier": (signed.identifier.text, told.identifier),
            "lineage": (signed.identifier.serial, told.lineage),
            "version": (signed.identifier.version, told.version),
            "type_code": (signed.type_code, told.type_code),
            "number": (signed.number, told.number),
            "holder_name": (signed.holder_name, told.holder_name),
            "holder_code": (signed.holder_uscc, told.holder_code if has_uscc else None),
            "holder_kind": (signed.holder_kind, told.holder_kind),
            "valid_from": (signed.valid_from, told.valid_from),
            "valid_until": (signed.valid_until, told.valid_until),
            "fields": (dict(signed.fields), filled),
        }
        | _of_token(licence, token)
    )


def _of_token(licence: AuditedLicence, token: LicenceToken) -> dict[str, tuple[object, object]]:
    told, claims = licence.told, token.claims
    ends = [licence_end(day) for day in (told.valid_until, told.papers_due) if day is not None and day < date.max]
    return {
        "issuer": (claims.issuer, told.issuer),
        "status_index": (claims.status, ShortStatus(told.status_list, told.status_index)),
        "issued_at": (claims.issued_at, told.issued_at.replace(microsecond=0)),
        "papers_due": (claims.expires_at, min(ends, default=None)),
        "token_kid": (token.kid, told.token_kid),
    }


def stands_otherwise(licence: AuditedLicence) -> str:
    """Name the columns of a licence's standing that do not follow from its acts, its place and its neighbours."""
    now = licence.standing
    suspended_until = now.act_until if now.act is LicenceEvent.SUSPEND else None
    is_replaced = now.act is LicenceEvent.SUPERSEDE or now.superseded_by is not None
    return different(
        {
            "state": (now.state, STATES[now.act]),
            "status": (now.place_status, status_value(now.state)),
            "suspended_until": (now.suspended_until, suspended_until),
            "last_event": (now.last_event, now.act_id),
            "etag": (now.etag, now.acts + 1),
            "superseded_by": (now.newer_replaces, licence.licence_id if is_replaced else None),
            "replaces": (now.older_by, licence.licence_id if now.replaces is not None else None),
        }
    )


def different(told: Mapping[str, tuple[object, object]]) -> str:
    """Name the columns whose two values are not the same."""
    return ", ".join(name for name, (one, other) in told.items() if one != other)


def tells_what_was_logged(event: AuditedEvent) -> bool:
    """Say whether the columns of an act tell what its record tells."""
    if event.record is None:
        return True
    try:
        record = cbor.decode(event.record, bytes_max=RECORD_BYTES_MAX)
    except MalformedError:
        return False
    return isinstance(record, dict) and {key: record[key] for key in record if key != _SALT} == event.told
