"""Part of an audit: what the registry's own columns tell is what was signed, or logged, of the same licence or act.

Promises:
  * A name, number, term or place in a status list that was changed in the registry alone is found: a typed id is
    answered from these columns.
  * The grounds of an act are those of the record whose digest stands in the log; a destroyed record leaves nothing to
    compare, as meant.
"""

from typing import Final

from registry.audits import AuditedEvent, AuditedLicence
from signer.holder_codes import CODE_TYPE_USCC
from verify import cbor
from verify.errors import MalformedError
from verify.licence import DataSet, HolderKind
from verify.qr_token import decode_token
from verify.token_claims import ShortStatus

# Reason and legal basis of an act are some thousand characters at most.
RECORD_BYTES_MAX: Final = 1 << 20
_SALT: Final = 0


def tells_what_was_signed(licence: AuditedLicence) -> bool:
    """Say whether the columns of a licence tell what its data set and its code tell."""
    told = licence.told
    has_uscc = told.holder_kind is HolderKind.ORGANISATION and told.holder_code_type == CODE_TYPE_USCC
    try:
        signed, claims = DataSet.decode(licence.data_set), decode_token(licence.token_text).claims
    except MalformedError:
        return False
    return (
        signed.licence_id.text,
        signed.identifier.text,
        signed.type_code,
        signed.number,
        signed.holder_name,
        signed.holder_uscc,
        signed.holder_kind,
        signed.valid_from,
        signed.valid_until,
        claims.issuer,
        claims.status,
    ) == (
        licence.licence_id,
        told.identifier,
        told.type_code,
        told.number,
        told.holder_name,
        told.holder_code if has_uscc else None,
        told.holder_kind,
        told.valid_from,
        told.valid_until,
        told.issuer,
        ShortStatus(told.status_list, told.status_index),
    )


def tells_what_was_logged(event: AuditedEvent) -> bool:
    """Say whether the columns of an act tell what its record tells."""
    if event.record is None:
        return True
    try:
        record = cbor.decode(event.record, bytes_max=RECORD_BYTES_MAX)
    except MalformedError:
        return False
    return isinstance(record, dict) and {key: record[key] for key in record if key != _SALT} == event.told
