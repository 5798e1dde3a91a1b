"""Seals made by real keys: a national authority, a seal maker, a bureau with one seal, and whatever is wrong with them.

The writer of `verify.seal_encoding` makes good seals. What it refuses to write (versions of 2014, missing tags, other
algorithms) is put together here from its DER parts, each of which a test may replace.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509

from keys.sm2 import provider, signer
from keys.sm2_key import Sm2PrivateKey
from tests.certificate_maker import Party
from tests.key_room import BUREAU, NOW
from verify.der import (
    SEQUENCE,
    bit_string,
    generalized_time,
    integer,
    object_identifier,
    octet_string,
    read_whole,
    sequence,
    tlv,
    utf8_string,
)
from verify.mandate import Mandate
from verify.oids import SEAL_MAKER_USE, SEAL_USE
from verify.seal_encoding import (
    SealDraft,
    assemble_seal,
    assemble_seal_signature,
    seal_signature_to_be_signed,
    seal_to_be_signed,
)
from verify.seal_fields import SM2_WITH_SM3, Picture
from verify.sm2 import sm3
from verify.trust import TrustedIssuer, TrustList

SM2 = sequence(object_identifier("1.2.156.10197.1.501"))
SEAL_CODE = "11990000000001"
ORIGINAL = b"<Signature/>"
PLACE = "/Doc_0/Signs/Sign_0/Signature.xml"
MANDATE = Mandate(item_code=None, legal_basis="《示例条例》第三条", role="审批员", grant="G-7")
PICTURE = Picture(kind="png", data=b"\x89PNG\r\n\x1a\n", width_mm=42, height_mm=42)
YEAR = timedelta(days=365)
Parts = dict[str, bytes]
Sign = Callable[[bytes], bytes]


def purpose(dotted: str) -> tuple[x509.ExtensionType, bool]:
    """Return the extension that names one purpose."""
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(dotted)]), False


@dataclass(kw_only=True)
class Sm2Party(Party):
    """Somebody with an SM2 key: certificates and lists are built as for P-256, then get key and signature exchanged."""

    sm2: Sm2PrivateKey = field(default_factory=lambda: provider().generate())

    @cached_property
    def sign(self) -> Sign:
        return signer(self.sm2)

    @cached_property
    def certificate(self) -> bytes:
        built = Party.certificate.func(self)
        issuer = self.issuer or self
        assert isinstance(issuer, Sm2Party)
        inside = read_whole(read_whole_first(built), SEQUENCE)
        version, serial = inside.take_whole(0xA0), inside.take_whole(0x02)
        inside.take(SEQUENCE)
        names = [inside.take_whole(SEQUENCE) for _ in range(3)]
        inside.take(SEQUENCE)
        return _signed(sequence(version, serial, SM2, *names, self.sm2.spki, inside.take_whole(0xA3)), issuer.sign)

    def revokes(self, *revoked: Party, **terms: Any) -> bytes:
        built = super().revokes(*revoked, **terms)
        inside = read_whole(read_whole_first(built), SEQUENCE)
        parts = [inside.take_whole(0x02)]
        inside.take(SEQUENCE)
        while (tag := inside.next_tag()) is not None:
            parts.append(inside.take_whole(tag))
        return _signed(sequence(parts[0], SM2, *parts[1:]), self.sign)


def read_whole_first(data: bytes) -> bytes:
    """Return the first value inside a SEQUENCE of three."""
    return read_whole_parts(data)[0]


def read_whole_parts(data: bytes) -> list[bytes]:
    """Return the values inside a SEQUENCE, each whole."""
    inside = read_whole(data, SEQUENCE)
    parts = []
    while (tag := inside.next_tag()) is not None:
        parts.append(inside.take_whole(tag))
    return parts


def _signed(to_be_signed: bytes, sign: Sign) -> bytes:
    return sequence(to_be_signed, SM2, bit_string(sign(to_be_signed)))


@dataclass(kw_only=True)
class SealRoom:
    """Authority, maker and bureau; `seal` makes a seal, `sign` a signature with it."""

    root: Sm2Party
    maker: Sm2Party
    bureau: Sm2Party

    @classmethod
    def found(cls) -> "SealRoom":
        """Make all keys and certificates."""
        root = Sm2Party(name="national", is_authority=True, not_before=NOW - 9 * YEAR, not_after=NOW + 20 * YEAR)
        return cls(root=root, maker=seal_maker(root), bureau=seal_holder(root))

    @property
    def trust(self) -> TrustList:
        return trust_list(self.root.certificate)

    @cached_property
    def crls(self) -> tuple[bytes, ...]:
        """A list in which nobody stands."""
        return (self.root.revokes(),)

    def draft(self, **changes: Any) -> SealDraft:
        terms: dict[str, Any] = {
            "code": SEAL_CODE,
            "vendor": "YINZHENG",
            "kind": 1,
            "name": "示例市行政审批局",
            "certificates": (self.bureau.certificate,),
            "created": NOW - timedelta(hours=2),
            "valid_from": NOW - timedelta(hours=1),
            "valid_until": NOW + YEAR / 2,
            "picture": PICTURE,
        }
        return SealDraft(**(terms | changes))

    def seal(self, *, maker: Sm2Party | None = None, timestamp: bytes | None = None, **changes: Any) -> bytes:
        maker = maker or self.maker
        to_be_signed = seal_to_be_signed(self.draft(**changes))
        return assemble_seal(to_be_signed, maker.certificate, maker.sign(to_be_signed), timestamp)

    def sign(
        self,
        seal: bytes | None = None,
        *,
        by: Sm2Party | None = None,
        stamps: Callable[[bytes], bytes] | None = None,
        **changes: Any,
    ) -> bytes:
        """Return a seal signature over `ORIGINAL`; `changes` replace what is signed."""
        signer_party = by or self.bureau
        terms: dict[str, Any] = {
            "signed_at": NOW,
            "data_hash": sm3(ORIGINAL),
            "property_info": PLACE,
            "mandate": MANDATE,
        }
        to_be_signed = seal_signature_to_be_signed(seal or self.seal(), **(terms | changes))
        signature = signer_party.sign(to_be_signed)
        stamp = None if stamps is None else stamps(signature)
        return assemble_seal_signature(to_be_signed, signer_party.certificate, signature, stamp)


def seal_maker(root: Sm2Party, **changes: Any) -> Sm2Party:
    """Return a maker of seals under this authority."""
    terms: dict[str, Any] = {"name": "maker", "issuer": root, "extensions": (purpose(SEAL_MAKER_USE),)}
    return Sm2Party(**(terms | changes))


def seal_holder(root: Sm2Party, **changes: Any) -> Sm2Party:
    """Return a bureau with the certificate of a seal under this authority."""
    terms: dict[str, Any] = {
        "name": SEAL_CODE,
        "issuer": root,
        "organisation": f"{BUREAU}测试市行政审批局",
        "extensions": (purpose(SEAL_USE),),
    }
    return Sm2Party(**(terms | changes))


def trust_list(*authorities: bytes, issuers: tuple[str, ...] = (BUREAU,)) -> TrustList:
    """Return a trust list with these authorities."""
    return TrustList(
        sequence=1,
        issued_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=29),
        issuers=tuple(
            TrustedIssuer(issuer=each, name="测试市行政审批局", keys=(), status_prefix="", licence_types=())
            for each in issuers
        ),
        authorities=authorities,
    )


def listed(*certificates: bytes) -> bytes:
    """Return a list of certificates, in DER."""
    return sequence(*map(octet_string, certificates))


def property_parts(room: SealRoom, **changes: bytes) -> bytes:
    """Return the property of a seal from its parts; an empty part is left out."""
    draft = room.draft()
    parts: Parts = {
        "kind": integer(draft.kind),
        "name": utf8_string(draft.name),
        "list_kind": integer(1),
        "list": listed(room.bureau.certificate),
        "created": generalized_time(draft.created),
        "valid_from": generalized_time(draft.valid_from),
        "valid_until": generalized_time(draft.valid_until),
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def info_parts(room: SealRoom, **changes: bytes) -> bytes:
    """Return the description of a seal from its parts."""
    parts: Parts = {
        "header": header(4),
        "code": tlv(0x16, SEAL_CODE.encode()),
        "property": property_parts(room),
        "picture": sequence(tlv(0x16, b"png"), octet_string(PICTURE.data), integer(42), integer(42)),
        "extensions": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def header(version: int, *, identifier: bytes = b"ES", vendor: bytes = b"YINZHENG") -> bytes:
    """Return the header of a seal."""
    return sequence(tlv(0x16, identifier), integer(version), tlv(0x16, vendor))


def seal_parts(room: SealRoom, info: bytes | None = None, **changes: bytes) -> bytes:
    """Return a seal of version 4 or 5 from its parts, signed by the maker over its description."""
    info = info_parts(room) if info is None else info
    parts: Parts = {
        "info": info,
        "certificate": octet_string(room.maker.certificate),
        "algorithm": SM2_WITH_SM3,
        "signature": bit_string(room.maker.sign(info)),
        "timestamp": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def signed_parts(room: SealRoom, seal: bytes | None = None, **changes: bytes) -> bytes:
    """Return what the signer signs, from its parts."""
    parts: Parts = {
        "version": integer(4),
        "seal": room.seal() if seal is None else seal,
        "time": generalized_time(NOW),
        "hash": bit_string(sm3(ORIGINAL)),
        "property": tlv(0x16, PLACE.encode()),
        "extensions": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def signature_parts(room: SealRoom, signed: bytes | None = None, **changes: bytes) -> bytes:
    """Return a seal signature of version 4 or 5 from its parts, signed by the bureau."""
    signed = signed_parts(room) if signed is None else signed
    parts: Parts = {
        "signed": signed,
        "certificate": octet_string(room.bureau.certificate),
        "algorithm": SM2_WITH_SM3,
        "signature": bit_string(room.bureau.sign(signed)),
        "timestamp": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def v1_seal(room: SealRoom, info: bytes | None = None, **changes: bytes) -> bytes:
    """Return a seal of 2014: its maker signs description, certificate and algorithm as one SEQUENCE."""
    if info is None:
        times = {name: utc_time(moment) for name, moment in zip(_TIMES, _moments(room), strict=True)}
        info = info_parts(room, header=header(1), property=property_parts(room, list_kind=b"", **times))
    parts: Parts = {"certificate": octet_string(room.maker.certificate), "algorithm": SM2_WITH_SM3} | changes
    named = (parts["certificate"], parts["algorithm"])
    return sequence(info, sequence(*named, bit_string(room.maker.sign(sequence(info, *named)))))


def v1_signature(room: SealRoom, seal: bytes | None = None, **changes: bytes) -> bytes:
    """Return a seal signature of 2014, from the parts of what is signed."""
    parts: Parts = {
        "version": integer(1),
        "seal": v1_seal(room) if seal is None else seal,
        "time": bit_string(f"{NOW:%Y-%m-%dT%H:%M:%S}.377Z".encode()),
        "hash": bit_string(sm3(ORIGINAL)),
        "property": tlv(0x16, PLACE.encode()),
        "certificate": octet_string(room.bureau.certificate),
        "algorithm": SM2_WITH_SM3,
    }
    signed = sequence(*(parts | changes).values())
    return sequence(signed, bit_string(room.bureau.sign(signed)))


_TIMES = ("created", "valid_from", "valid_until")


def _moments(room: SealRoom) -> tuple[datetime, datetime, datetime]:
    draft = room.draft()
    return draft.created, draft.valid_from, draft.valid_until


def utc_time(moment: datetime) -> bytes:
    """Return a UTCTime, as seals of 2014 have it."""
    return tlv(0x17, f"{moment:%y%m%d%H%M%S}Z".encode())
