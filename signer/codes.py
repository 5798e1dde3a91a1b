"""Step 2 of issuing: the QR codes. Their intents are logged together, then each is signed.

Promises:
  * No code is signed before its intent stands in the log; the whole chunk waits for one commit.
  * The code of a person shows a masked name and no code of the holder (spec/credential-qr.md section 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keys.custody import KeyName
from signer.contents import claims_of
from signer.desk import Desk
from signer.log_entries import EntryDraft, licence_intent
from signer.page.qr import demand_room
from signer.reservation import RefusedDraft, Reserved
from verify.algorithms import PublicKey, der_to_raw
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.qr_text import LICENCE_TEXT, SIGNATURE_BYTES, make_sign1, make_text, text_to_be_signed
from verify.qr_token import TokenClaims


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A reserved licence with its signed QR text and the log index of that signature's intent."""

    reserved: Reserved
    text: str
    leaf: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unsigned:
    """A code that only lacks its signature."""

    reserved: Reserved
    key: KeyName
    public: PublicKey
    claims: TokenClaims
    payload: bytes
    message: bytes

    def text(self, signature: bytes, host: str) -> str:
        """Return the text of the code; raises `TokenTooLongError`."""
        sign1 = make_sign1(self.payload, algorithm=self.public.algorithm, kid=self.public.kid, signature=signature)
        return make_text(LICENCE_TEXT, host, self.claims.licence_id, sign1)


def sign_codes(
    desk: Desk, chunk: Sequence[Reserved], *, at: datetime
) -> tuple[tuple[Coded, ...], tuple[RefusedDraft, ...]]:
    """Log the intents of all codes of the chunk, then sign them; a code that no QR code holds is refused before."""
    unsigned, refused = [], []
    for each in chunk:
        try:
            unsigned.append(_unsigned(desk, each, at=at))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=each.record.draft_id, error=error))
    if not unsigned:
        return (), tuple(refused)
    receipts = desk.log.append([_intent(each) for each in unsigned])
    desk.after("codes_logged")
    coded = []
    for code, receipt in zip(unsigned, receipts, strict=True):
        signature = der_to_raw(desk.custody.sign(code.key, code.message, receipt=receipt))
        text = code.text(signature, desk.settings.host)
        coded.append(Coded(reserved=code.reserved, text=text, leaf=receipt.index))
    desk.after("codes_signed")
    return tuple(coded), tuple(refused)


def _unsigned(desk: Desk, each: Reserved, *, at: datetime) -> _Unsigned:
    key = desk.key(KeyPurpose.CODE, each.department.uscc)
    public = desk.custody.public_key(key)
    claims = token_claims(each, at=at)
    payload = claims.payload()
    message = text_to_be_signed(payload, algorithm=public.algorithm, kid=public.kid)
    code = _Unsigned(reserved=each, key=key, public=public, claims=claims, payload=payload, message=message)
    demand_room(code.text(bytes(SIGNATURE_BYTES), desk.settings.host))  # too long is found before the log has it
    return code


def _intent(code: _Unsigned) -> EntryDraft:
    return licence_intent(
        KeyPurpose.CODE,
        code.public,
        code.message,
        data_set_digest=code.reserved.data_set.digest,
        licence_id=code.reserved.place.licence_id,
    )


def token_claims(each: Reserved, *, at: datetime) -> TokenClaims:
    """Return what the code of a reserved licence says."""
    return claims_of(each.record.draft, each.data_set, each.place, at=at)
