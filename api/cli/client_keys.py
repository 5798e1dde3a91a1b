"""`client key`: public keys of calling systems, which then sign instead of showing a secret."""

from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from api.cli.errors import NoSuchNameError
from api.cli.files import read_file
from api.cli.office import client
from api.cli.program import session_of
from registry.client_keys import ClientKey, add_key, close_key
from registry.db import transaction
from verify.algorithms import Algorithm, key_identifier
from verify.errors import MalformedError

_KEY_BYTES_MAX: Final = 4096
KeyIdArgument = Annotated[str, typer.Argument(metavar="KEY_ID", help="接口账号。 The system's id.")]


class ClientKeyError(MalformedError):
    """Not a public key that a system can sign with here."""

    code = "client_key.unfit"


def read_client_key(content: bytes) -> tuple[Algorithm, bytes]:
    """Return algorithm and SubjectPublicKeyInfo of a key in PEM. Raises `ClientKeyError`."""
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ClientKeyError("not a public key in PEM") from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, Ed25519PublicKey):
        return Algorithm.ED25519, spki
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return Algorithm.ES256, spki
    raise ClientKeyError("neither P-256 nor Ed25519")


@client.command(
    "key-add", help="登记系统的公钥，此后凭签名换令牌。 Register a system's public key: it signs from then on."
)
def add_client_key(
    context: typer.Context,
    key_id: KeyIdArgument,
    public_key: Annotated[Path, typer.Argument(metavar="FILE", help="公钥（PEM）。 Public key (PEM).")],
) -> None:
    """Register a key; the system's lasting secret is void from now on."""
    session = session_of(context)
    algorithm, spki = read_client_key(read_file(public_key, bytes_max=_KEY_BYTES_MAX))
    kid = key_identifier(spki).hex()
    key = ClientKey(key_id=key_id, kid=kid, algorithm=algorithm.value, spki=spki)
    with transaction(session.office.database) as tx:
        add_key(tx, key, at=session.office.clock())
    value = {"key_id": key_id, "kid": kid, "algorithm": algorithm.value}
    session.screen.result(value, session.screen.say(f"已登记，kid 为 {kid}", f"Registered; its kid is {kid}"))


@client.command("key-close", help="撤下系统的公钥，令牌随即失效。 Take back a system's key; its tokens end at once.")
def close_client_key(
    context: typer.Context,
    key_id: KeyIdArgument,
    kid: Annotated[str, typer.Argument(metavar="KID", help="公钥编号。 Id of the key.")],
) -> None:
    """Take back a key."""
    session = session_of(context)
    with transaction(session.office.database) as tx:
        if not close_key(tx, key_id, kid):
            raise NoSuchNameError(params={"name": kid})
    session.screen.result({"key_id": key_id, "kid": kid}, session.screen.say("已撤下", "Taken back"))
