"""Licences for the counter page's camera, of offices that sign by other algorithms than most."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry import artefacts
from registry.db import transaction
from signer.issue import IssuedLicence
from signer.key_turns import turn_key
from signer.packs import PACK, PACK_NAME
from signer.page.pdf import UnsignedPdf
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from tests.code_room import CLAIMS, HOST, NOW
from tests.hall import Hall
from tests.pack_room import PackRoom
from tests.page_requests import food_request, press
from tests.town import FOOD, MARKET, PERSONS
from verify.algorithms import Algorithm, key_identifier
from verify.key_purpose import KeyPurpose
from verify.qr_token import encode_token, to_be_signed
from verify.trust import TrustedKey


def licence_signed_with_sm2(hall: Hall) -> IssuedLicence:
    """Let the market bureau turn its key for codes to the national algorithm, and issue."""
    town = hall.town
    turn_key(town.key_desk, KeyPurpose.CODE, MARKET, algorithm=Algorithm.SM2, persons=PERSONS, at=town.now)
    item = next(code for code in town.types[FOOD].item_codes if code.startswith(MARKET))
    return town.issues(town.draft(FOOD, issuer=MARKET, item_code=item))


def licence_signed_with_ed25519() -> tuple[TrustedKey, UnsignedPdf]:
    """Print a licence of an office elsewhere that signs with Ed25519; ours do not."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm, kid = Algorithm.ED25519, key_identifier(spki)
    key = TrustedKey(
        kid=kid, algorithm=algorithm, spki=spki, use=1, not_before=CLAIMS.issued_at, not_after=CLAIMS.expires_at
    )
    signature = private.sign(to_be_signed(CLAIMS, algorithm=algorithm, kid=kid))
    text = encode_token(CLAIMS, algorithm=algorithm, kid=kid, signature=signature, host=HOST)
    return key, press().render(food_request(token_text=text))


def give_pack(hall: Hall, room: PackRoom) -> None:
    """Let the hall hand out the room's pack, under the room's root."""
    with transaction(hall.town.database) as tx:
        artefacts.store(tx, TRUST_ROOT, TRUST_ROOT_NAME, room.root.spki, sequence=1_000, at=NOW)
        artefacts.store(tx, PACK, PACK_NAME, room.pack(), sequence=1_000, at=NOW)
