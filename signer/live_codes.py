"""Make live codes: what a holder shows on a screen for one minute.

Promises:
  * Signed by a key of its own use, counted and not logged: at one a minute they would flood the log and tell who shows
    what (`decisions.md` section 2).
  * Says no more than the printed code: number, and the holder as it is shown there, a person's name masked.
  * Nothing of it is kept; what is kept is that it was checked.
"""

from datetime import datetime
from typing import Final

from keys.custody import DEPLOYMENT
from signer.desk import Desk
from verify.algorithms import der_to_raw
from verify.evidence import RegistryAnswer
from verify.key_purpose import KeyPurpose
from verify.licence import HolderKind, mask_name
from verify.presentation_code import (
    LIFETIME_MAX,
    ONE_TIME_BYTES,
    PresentationClaims,
    encode_presentation,
    presentation_to_be_signed,
)
from verify.values import LicenceId

_ID_BYTES: Final = 10


def make_live_code(desk: Desk, licence: RegistryAnswer, *, at: datetime) -> str:
    """Return the text of a live code that begins now. Raises what signing raises."""
    key = desk.key(KeyPurpose.PRESENTATION, DEPLOYMENT)
    public = desk.custody.public_key(key)
    of_person = licence.holder_kind is HolderKind.PERSON
    issued_at = at.replace(microsecond=0)
    claims = PresentationClaims(
        code_id=LicenceId(desk.random(_ID_BYTES)),
        licence_id=LicenceId.parse(licence.licence_id),
        number=licence.number,
        holder=mask_name(licence.holder_name) if of_person else licence.holder_name,
        one_time=desk.random(ONE_TIME_BYTES),
        issued_at=issued_at,
        expires_at=issued_at + LIFETIME_MAX,
    )
    message = presentation_to_be_signed(claims, algorithm=public.algorithm, kid=public.kid)
    signature = der_to_raw(desk.custody.sign_counted(key, message))
    return encode_presentation(
        claims, algorithm=public.algorithm, kid=public.kid, signature=signature, host=desk.settings.host
    )
