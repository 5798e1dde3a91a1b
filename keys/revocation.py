"""Certificate revocation list, version 2 (RFC 5280, 5): what is to be signed, built from entries.

Promises:
  * Pure; the authority signs it after its intent is logged, and `assemble_revocation_list` puts both together.
  * A list never contradicts itself: no serial twice, no revocation after the list, an end after its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from asn1crypto import crl, x509

from keys.certificates import (
    algorithm_of,
    key_identifier,
    moment,
    parse_certificate,
    public_key_info,
    signature_algorithm,
)
from keys.errors import RevocationListError
from verify.der import INTEGER, SEQUENCE, bit_string, read_whole, sequence

# RFC 5280, 5.2.3: a CRL number has at most 20 octets.
NUMBER_MAX: Final = (1 << 159) - 1


class Reason(StrEnum):
    """Why a certificate was revoked (RFC 5280, 5.3.1). "Unspecified" is written by leaving the reason out."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key_compromise"
    AFFILIATION_CHANGED = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedCertificate:
    """One revoked certificate, by the number that stands in it."""

    serial_number: int
    revoked_at: datetime
    reason: Reason = Reason.UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """One list of the authority whose certificate is `issuer` (DER). `number` grows with each list."""

    issuer: bytes
    number: int
    issued_at: datetime
    next_at: datetime
    revoked: Sequence[RevokedCertificate] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.number <= NUMBER_MAX:
            raise RevocationListError("a number is not negative and has at most 20 octets")
        if self.next_at <= self.issued_at:
            raise RevocationListError("the next list is due before this one")
        if any(each.revoked_at > self.issued_at for each in self.revoked):
            raise RevocationListError("a certificate was revoked after the list")
        if len({each.serial_number for each in self.revoked}) != len(self.revoked):
            raise RevocationListError("a certificate stands twice in the list")


def tbs_revocation_list(wanted: RevocationList) -> bytes:
    """Return the DER of the TBSCertList, to be signed by the authority whose certificate is named; sorted by serial."""
    parse_certificate(wanted.issuer)
    issuer = x509.Certificate.load(wanted.issuer)
    entries = [_entry(each) for each in sorted(wanted.revoked, key=lambda each: each.serial_number)]
    built = crl.TbsCertList(
        {
            "version": "v2",
            "signature": signature_algorithm(algorithm_of(wanted.issuer)),
            "issuer": issuer.subject,
            "this_update": moment(wanted.issued_at),
            "next_update": moment(wanted.next_at),
            "revoked_certificates": entries or None,  # an empty list must be left out (RFC 5280, 5.1.2.6)
            "crl_extensions": [
                _extension(
                    "authority_key_identifier", {"key_identifier": key_identifier(public_key_info(wanted.issuer))}
                ),
                _extension("crl_number", wanted.number),
            ],
        }
    )
    encoded: bytes = built.dump()
    return encoded


def assemble_revocation_list(tbs: bytes, signature: bytes) -> bytes:
    """Return the revocation list in DER from what `tbs_revocation_list` made and the authority signed."""
    inside = read_whole(tbs, SEQUENCE)
    inside.take(INTEGER)
    return sequence(tbs, inside.take_whole(SEQUENCE), bit_string(signature))


def _entry(revoked: RevokedCertificate) -> dict[str, object]:
    entry: dict[str, object] = {
        "user_certificate": revoked.serial_number,
        "revocation_date": moment(revoked.revoked_at),
    }
    if revoked.reason is not Reason.UNSPECIFIED:
        entry["crl_entry_extensions"] = [
            {"extn_id": "crl_reason", "critical": False, "extn_value": revoked.reason.value}
        ]
    return entry


def _extension(name: str, value: object) -> dict[str, object]:
    return {"extn_id": name, "critical": False, "extn_value": value}
