"""Step 2 of issuing: the QR codes. Their intents are logged together, then each is signed.

Promises:
  * No code is signed before its intent stands in the log; the whole chunk waits for one commit.
  * The code of a person shows a masked name and no code of the holder (spec/credential-qr.md section 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signer.desk import Desk
from signer.log_entries import licence_intent
from signer.precheck import CODE_TYPE_USCC
from signer.reservation import Reserved
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE, HolderKind, licence_end, mask_name
from verify.qr_token import ShortStatus, TokenClaims, encode_token, to_be_signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A reserved licence with its signed QR text and the log index of that signature's intent."""

    reserved: Reserved
    text: str
    leaf: int


def sign_codes(desk: Desk, chunk: Sequence[Reserved], *, at: datetime) -> tuple[Coded, ...]:
    """Log the intents of all codes of the chunk, then sign them."""
    if not chunk:
        return ()
    work = []
    for each in chunk:
        key = desk.key(KeyPurpose.CODE, each.department.uscc)
        public = desk.custody.public_key(key)
        claims = token_claims(each, at=at)
        work.append((each, key, public, claims, to_be_signed(claims, algorithm=public.algorithm, kid=public.kid)))
    receipts = desk.log.append(
        [
            licence_intent(
                KeyPurpose.CODE,
                public,
                message,
                data_set_digest=each.data_set.digest,
                licence_id=each.place.licence_id,
            )
            for each, _key, public, _claims, message in work
        ]
    )
    desk.after("codes_logged")
    coded = []
    for (each, key, public, claims, message), receipt in zip(work, receipts, strict=True):
        signature = der_to_raw(desk.custody.sign(key, message, receipt=receipt))
        text = encode_token(
            claims, algorithm=public.algorithm, kid=public.kid, signature=signature, host=desk.settings.host
        )
        coded.append(Coded(reserved=each, text=text, leaf=receipt.index))
    desk.after("codes_signed")
    return tuple(coded)


def token_claims(each: Reserved, *, at: datetime) -> TokenClaims:
    """Return what the code says: enough to compare with the sheet, and the digest of all the rest."""
    draft, data_set, issued_at = each.record.draft, each.data_set, at.replace(microsecond=0)
    of_person = draft.holder_kind is HolderKind.PERSON
    starts = datetime.combine(draft.valid_from, datetime.min.time(), tzinfo=ISSUER_ZONE)
    ends = [licence_end(day) for day in (draft.valid_until, draft.papers_due) if day is not None]
    return TokenClaims(
        issuer=each.department.uscc,
        licence_id=data_set.licence_id,
        issued_at=issued_at,
        not_before=starts if starts > issued_at else None,
        expires_at=min(ends, default=None),
        type_code=data_set.type_code,
        number=data_set.number,
        holder=mask_name(data_set.holder_name) if of_person else data_set.holder_name,
        holder_uscc=None if of_person or draft.holder_code_type != CODE_TYPE_USCC else draft.holder_code,
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        office=None,
        data_set_digest=data_set.short_digest,
        status=ShortStatus(list_number=each.place.status_list, index=each.place.status_index),
    )
