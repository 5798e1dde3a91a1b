"""Systems that sign: a statement of their own key is exchanged for a token, once, and nothing else is."""

import base64
import json
import uuid
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.cli.client_keys import ClientKeyError, read_client_key
from registry.client_keys import TOKEN_LIFETIME, ClientKey, add_key, close_key, forget_old
from registry.db import transaction
from registry.people import close_client
from tests.hall import Hall
from tests.town import HOST
from verify.algorithms import Algorithm, der_to_raw, key_identifier

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUDIENCE = f"https://{HOST}/api/v1/token"
PRIVATE = {"ES256": ec.derive_private_key(21, ec.SECP256R1()), "EdDSA": Ed25519PrivateKey.from_private_bytes(bytes(32))}


def pem(key: Any) -> bytes:
    content: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return content


def encoded(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def registers(hall: Hall, name: str = "ES256", client: str = "counter") -> str:
    algorithm, spki = read_client_key(pem(PRIVATE[name]))
    key = ClientKey(key_id=client, kid=key_identifier(spki).hex(), algorithm=algorithm.value, spki=spki)
    with transaction(hall.office.database) as tx:
        add_key(tx, key, at=hall.town.now)
    return key.kid


def statement(hall: Hall, kid: str, name: str = "ES256", **changes: Any) -> str:
    """Sign a statement; `changes` are claims, or with `h_` before them members of the header."""
    now = int(hall.town.now.timestamp())
    claims = {"iss": "counter", "sub": "counter", "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    header = {"alg": name, "kid": kid, "typ": "JWT"}
    for member, value in changes.items():
        (header if member.startswith("h_") else claims)[member.removeprefix("h_")] = value
    signing = f"{encoded(header)}.{encoded({each: value for each, value in claims.items() if value is not None})}"
    key = PRIVATE[name]
    if isinstance(key, Ed25519PrivateKey):
        return f"{signing}.{encoded(key.sign(signing.encode()))}"
    return f"{signing}.{encoded(der_to_raw(key.sign(signing.encode(), ec.ECDSA(SHA256()))))}"


def asks(hall: Hall, text: str, **changes: str) -> Any:
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": text, **changes}
    return hall.ask("POST", "/api/v1/token", data=form)


def works(hall: Hall, token: str) -> int:
    return hall.ask("GET", "/api/v1/recalls", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_signed_statement_is_worth_a_token_of_some_minutes(hall: Hall) -> None:
    answers = [asks(hall, statement(hall, registers(hall, name), name)) for name in PRIVATE]

    for answer in answers:
        body = answer.json()
        assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 900)
        assert answer.headers["cache-control"] == "no-store"
        assert works(hall, body["access_token"]) == 200
    hall.town.clock.moves(TOKEN_LIFETIME - timedelta(seconds=1))
    assert works(hall, answers[0].json()["access_token"]) == 200
    hall.town.clock.moves(timedelta(seconds=1))
    assert works(hall, answers[0].json()["access_token"]) == 401


def test_a_system_that_signs_has_no_lasting_secret(hall: Hall) -> None:
    assert hall.ask("GET", "/api/v1/recalls", key="counter").status_code == 200

    kid = registers(hall)

    assert hall.ask("GET", "/api/v1/recalls", key="counter").status_code == 401
    with transaction(hall.office.database) as tx:
        assert close_key(tx, "counter", kid)
        assert not close_key(tx, "counter", kid)
    assert hall.ask("GET", "/api/v1/recalls", key="counter").status_code == 200


def test_a_client_id_beside_a_statement_is_its_own(sqlite_hall: Hall) -> None:
    kid = registers(sqlite_hall)

    assert asks(sqlite_hall, statement(sqlite_hall, kid), client_id="officer").status_code == 401
    assert asks(sqlite_hall, statement(sqlite_hall, kid), client_id="counter").status_code == 200


def test_a_statement_is_used_once(hall: Hall) -> None:
    text = statement(hall, registers(hall))

    assert asks(hall, text).status_code == 200
    assert asks(hall, text).json() == {"error": "invalid_client"}
    hall.town.clock.moves(timedelta(minutes=1, seconds=30))
    with transaction(hall.office.database) as tx:
        forget_old(tx, at=hall.town.now)
    assert asks(hall, text).status_code == 401


def test_a_token_ends_with_its_key_and_with_its_system(hall: Hall) -> None:
    kid = registers(hall)
    first = asks(hall, statement(hall, kid)).json()["access_token"]
    with transaction(hall.office.database) as tx:
        close_key(tx, "counter", kid)
    assert works(hall, first) == 401
    kid = registers(hall)
    second = asks(hall, statement(hall, kid)).json()["access_token"]
    with transaction(hall.office.database) as tx:
        close_client(tx, "counter")

    assert works(hall, second) == 401
    assert asks(hall, statement(hall, kid)).status_code == 401


def test_a_token_is_its_own_systems_alone(sqlite_hall: Hall) -> None:
    token = asks(sqlite_hall, statement(sqlite_hall, registers(sqlite_hall))).json()["access_token"]

    assert works(sqlite_hall, token.replace("counter.", "auditor.")) == 401
    assert works(sqlite_hall, token[:-2] + ("AA" if token[-2:] != "AA" else "BB")) == 401


NOW = 1_795_485_600  # the town's moment


CHANGES: list[dict[str, Any]] = [
    {"aud": "https://elsewhere.example/api/v1/token"},
    {"aud": [AUDIENCE, "https://elsewhere.example"]},
    {"aud": None},
    {"exp": NOW - 61},
    {"exp": NOW + 361},
    {"exp": "soon"},
    {"exp": True},
    {"exp": None},
    {"iat": NOW + 61},
    {"nbf": NOW + 61},
    {"jti": None},
    {"jti": "short"},
    {"iss": "auditor"},
    {"sub": "auditor"},
    {"iss": "auditor", "sub": "auditor"},
    {"iss": None, "sub": None},
    {"h_alg": "none"},
    {"h_alg": "HS256"},
    {"h_alg": "EdDSA"},
    {"h_kid": "0000000000000000"},
    {"h_crit": ["exp"]},
    {"h_typ": "at+jwt"},
    {"h_jwk": {}},
]


def test_a_statement_of_another_form_is_refused_like_any_other(sqlite_hall: Hall) -> None:
    assert int(sqlite_hall.town.now.timestamp()) == NOW
    kid = registers(sqlite_hall)

    for changes in CHANGES:
        answer = asks(sqlite_hall, statement(sqlite_hall, kid, **changes))
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"}), changes
    assert asks(sqlite_hall, statement(sqlite_hall, kid)).status_code == 200


def test_a_spoilt_statement_is_refused(sqlite_hall: Hall) -> None:
    good = statement(sqlite_hall, registers(sqlite_hall))
    head, claims, signature = good.split(".")
    twice = encoded(b'{"iss":"counter","iss":"counter"}')
    spoilt = [
        "",
        good[:-1],
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature}.x",
        f"{head}.{claims}.{'A' * 86}",
        f"{head}.{twice}.{signature}",
        f"{head}.{encoded([1])}.{signature}",
        f"{head}.{encoded(b'[' * 2000)[:2900]}.{signature}",
        f"A.{claims}.{signature}",
        f"{head}.{claims}.{signature[:-1]}{'B' if signature[-1] != 'B' else 'R'}",
        "x" * 4000,
    ]

    assert {asks(sqlite_hall, each).status_code for each in spoilt} == {401}
    assert asks(sqlite_hall, good).status_code == 200
    assert asks(sqlite_hall, good, client_assertion_type="other").json() == {"error": "invalid_client"}
    other = asks(sqlite_hall, good, grant_type="password")
    assert (other.status_code, other.json()) == (400, {"error": "unsupported_grant_type"})


def test_other_keys_are_not_registered() -> None:
    others = [pem(generate_private_key(65537, 2048)), pem(ec.generate_private_key(ec.SECP384R1()))]

    for content in (b"", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", *others):
        with pytest.raises(ClientKeyError):
            read_client_key(content)


def test_the_id_of_a_key_is_that_of_our_own_keys() -> None:
    algorithm, spki = read_client_key(pem(PRIVATE["ES256"]))

    assert algorithm is Algorithm.ES256
    assert key_identifier(spki).hex() == sha256(spki).hexdigest()[:16]
