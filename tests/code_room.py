"""A code room: one office with a code key, a trust list that names it, status lists, and a registry's word. No database.

    room = CodeRoom()
    text = room.code()                       # the text of a genuine code
    report = examine_text(text, room.evidence(status=0), at=NOW)

Promises: real keys, real signatures; what is wrong with a code is what the caller changed.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verify import cbor
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.evidence import Evidence, RegistryAnswer
from verify.licence import HolderKind, licence_end
from verify.presentation_code import PresentationClaims, encode_presentation, presentation_to_be_signed
from verify.qr_text import CLAIM_PRIVATE, LICENCE_TEXT, TOKEN_BYTES_MAX, make_sign1, make_text, text_to_be_signed
from verify.qr_token import ShortStatus, TokenClaims, decode_token, encode_token, to_be_signed
from verify.states import LicenceState
from verify.status import StatusList, pack
from verify.trust import TrustedIssuer, TrustedKey, TrustList
from verify.values import LicenceId

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
ISSUER = "119999990000000511"
OTHER_ISSUER = "1199999900000006XQ"
FOOD = "11999999000000019M002"
TEACHER = "11999999000000019M009"
HOST = "licences.test.example"
PREFIX = f"https://{HOST}/status/"
ID = LicenceId(bytes(range(10)))

CLAIMS = TokenClaims(
    issuer=ISSUER,
    licence_id=ID,
    issued_at=NOW - timedelta(days=60),
    expires_at=licence_end(date(2031, 9, 24)),
    type_code=FOOD,
    number="JY29999990000018",
    holder="示例市老城餐饮有限公司",
    holder_uscc="91999999MA00000154",
    valid_from=date(2026, 9, 25),
    valid_until=date(2031, 9, 24),
    data_set_digest=bytes(16),
    status=ShortStatus(1, 5),
)

ANSWER = RegistryAnswer(
    licence_id=ID.text,
    identifier="1.2.156.3005.2.11999999000000019M002.119999990000000511.0000000001.001.0",
    number=CLAIMS.number,
    type_code=FOOD,
    type_name="食品经营许可证",
    type_name_en="Food business licence",
    issuer=ISSUER,
    issuer_name="示例市行政审批服务局",
    issuer_name_en="Approval Service Bureau of Sample City",
    holder_name=CLAIMS.holder,
    holder_kind=HolderKind.ORGANISATION,
    holder_uscc=CLAIMS.holder_uscc,
    valid_from=CLAIMS.valid_from,
    valid_until=CLAIMS.valid_until,
    state=LicenceState.IN_FORCE,
    issued_at=CLAIMS.issued_at,
    token_kid=b"",
    token_digest=b"",
    document_digest="00" * 32,
    code_leaf=40,
    document_leaf=41,
)


@dataclass(frozen=True)
class Signer:
    """A P-256 key, always the same for the same number."""

    number: int
    private: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "private", ec.derive_private_key(self.number, ec.SECP256R1()))

    @property
    def spki(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def kid(self) -> bytes:
        return key_identifier(self.spki)

    def sign(self, message: bytes) -> bytes:
        return der_to_raw(self.private.sign(message, ec.ECDSA(SHA256())))

    def trusted(self, **changes: Any) -> TrustedKey:
        key = TrustedKey(
            kid=self.kid,
            algorithm=Algorithm.ES256,
            spki=self.spki,
            use=1,
            not_before=NOW - timedelta(days=365),
            not_after=NOW + timedelta(days=365),
        )
        return replace(key, **changes)


LIVE_KEY = Signer(13)
LIVE_CLAIMS = PresentationClaims(
    code_id=LicenceId(bytes(range(50, 60))),
    licence_id=ID,
    number=CLAIMS.number,
    holder=CLAIMS.holder,
    one_time=bytes(range(20, 30)),
    issued_at=NOW - timedelta(seconds=10),
    expires_at=NOW + timedelta(seconds=50),
)


@dataclass(frozen=True)
class CodeRoom:
    """The office; `key` makes its codes."""

    key: Signer = Signer(7)

    def code(
        self, claims: TokenClaims = CLAIMS, *, signer: Signer | None = None, host: str = HOST, **changes: Any
    ) -> str:
        """Return the text of a code with these claims; `signer` may be somebody else, who uses our key id."""
        changed = claims._replace(**changes)
        message = to_be_signed(changed, algorithm=Algorithm.ES256, kid=self.key.kid)
        signature = (signer or self.key).sign(message)
        return encode_token(changed, algorithm=Algorithm.ES256, kid=self.key.kid, signature=signature, host=host)

    def code_that_says_more(self, outer: dict[int, object], inner: dict[int, object]) -> str:
        """Return the text of a code that has these claims beside its own, and inside its private ones."""
        claims = cbor.decode(CLAIMS.payload(), bytes_max=TOKEN_BYTES_MAX)
        assert isinstance(claims, dict)
        payload = cbor.encode({**claims, **outer, CLAIM_PRIVATE: {**claims[CLAIM_PRIVATE], **inner}})
        signature = self.key.sign(text_to_be_signed(payload, algorithm=Algorithm.ES256, kid=self.key.kid))
        sign1 = make_sign1(payload, algorithm=Algorithm.ES256, kid=self.key.kid, signature=signature)
        return make_text(LICENCE_TEXT, HOST, ID, sign1)

    def live_code(
        self,
        claims: PresentationClaims = LIVE_CLAIMS,
        *,
        signer: Signer | None = None,
        key: Signer = LIVE_KEY,
        **changes: Any,
    ) -> str:
        """Return the text of a live code with these claims; `signer` may be somebody else, who uses the key's id."""
        changed = replace(claims, **changes)
        message = presentation_to_be_signed(changed, algorithm=Algorithm.ES256, kid=key.kid)
        signature = (signer or key).sign(message)
        return encode_presentation(changed, algorithm=Algorithm.ES256, kid=key.kid, signature=signature, host=HOST)

    def trust(self, *keys: TrustedKey, issuer: str = ISSUER, types: tuple[str, ...] = (FOOD, TEACHER)) -> TrustList:
        """Return a trust list that names the office with these keys, or with its own."""
        office = TrustedIssuer(
            issuer=issuer,
            name="示例市行政审批服务局",
            keys=keys or (self.key.trusted(),),
            status_prefix=PREFIX,
            licence_types=types,
        )
        issued = NOW - timedelta(days=3)
        return TrustList(sequence=4, issued_at=issued, expires_at=issued + timedelta(days=30), issuers=(office,))

    def status_list(self, value: int = 0, *, age: timedelta = timedelta(minutes=3), days: int = 7) -> StatusList:
        """Return status list 1, so old, with this value at place 5."""
        issued = NOW - age
        return StatusList(
            uri=f"{PREFIX}1",
            issued_at=issued,
            expires_at=issued + timedelta(days=days),
            ttl_seconds=300,
            packed=pack([0, 0, 0, 0, 0, value]),
        )

    def evidence(self, status: int | None = 0, **changes: Any) -> Evidence:
        """Return what a checker offline has; without `status` no status list."""
        lists = {} if status is None else {f"{PREFIX}1": self.status_list(status)}
        return replace(Evidence(trust=self.trust(), status_lists=lists), **changes)

    def answer(self, text: str, **changes: Any) -> RegistryAnswer:
        """Return what the registry says of the licence that this code was issued for."""
        token = decode_token(text)
        digest = sha256(token.to_be_signed).digest()
        return replace(ANSWER, token_kid=token.kid, token_digest=digest, **changes)
