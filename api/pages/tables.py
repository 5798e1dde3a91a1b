"""The tables of the checks as a script module, written from `verify` itself, so that page and server cannot differ.

Promises: every name in `tables.js` is a constant of verify/; nothing is typed in twice.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from signer.packs import KEPT as PACK_PLACES
from verify import (
    cbor,
    cose,
    evidence,
    licence,
    live_code_check,
    pack,
    presentation_code,
    qr_text,
    report,
    status,
    status_check,
    token_check,
    token_claims,
)
from verify import trust as trust_lists
from verify.algorithms import COSE_NUMBER, Algorithm, cose_algorithm
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.report import NOTICES
from verify.sm2 import SIGNER_ID
from verify.verdict import OF_FAILURE, OF_GAP, Verdict

# RFC 9053 and RFC 9864, and ours of private use; the reader itself says which of these it takes.
_NUMBERS: Final = (-7, -8, -9, -19, -70002)
_RS256: Final = -257
_INSTANT_MAX_LISTS: Final = 253_402_300_799


@lru_cache(maxsize=1)
def tables_module() -> bytes:
    """Return the module `tables.js`."""
    lines = ["// Written from verify/ by api/pages/tables.py; change it there."]
    lines += [f"export const {name} = {json.dumps(value, ensure_ascii=False)};" for name, value in _tables().items()]
    return ("\n".join(lines) + "\n").encode()


def _tables() -> Mapping[str, Any]:
    algorithms = {str(number): cose_algorithm(number).value for number in _NUMBERS}
    return {
        "ORDER": [each.value for each in Verdict],
        "IN_FORCE": [each.value for each in Verdict if each.is_in_force],
        "UNDECIDED": [each.value for each in Verdict if each.is_in_force is None],
        "NOT_GENUINE": [each.value for each in Verdict if each.is_not_genuine],
        "NEEDS_CLOCK": [each.value for each in Verdict if each.needs_clock],
        "OF_FAILURE": {code: verdict.value for code, verdict in OF_FAILURE.items()},
        "OF_GAP": {code: None if verdict is None else verdict.value for code, verdict in OF_GAP.items()},
        "NOTICES": sorted(NOTICES),
        "NEEDED": sorted(report.NEEDED),
        "EXPIRING_DAYS": report.EXPIRING_DAYS,
        "OFFLINE_HOURS": evidence.OFFLINE_HOURS,
        "CLOCK_SKEW_SECONDS": int(status_check.CLOCK_SKEW_MAX.total_seconds()),
        "ZONE_SECONDS": _zone_seconds(),
        "TEST_DIVISION": token_check.TEST_DIVISION,
        "ALGORITHMS": algorithms,
        "KEY_ALGORITHMS": algorithms | {str(_RS256): Algorithm.RS256.value},
        "WRITTEN_NUMBERS": {algorithm.value: number for algorithm, number in COSE_NUMBER.items()},
        "SM2_SIGNER": SIGNER_ID.decode(),
        "CODE_USE": token_check.CODE_USE,
        "LIVE_USE": live_code_check.LIVE_USE,
        "LIVE_GRACE_SECONDS": int(live_code_check.GRACE_OFFLINE.total_seconds()),
        "STATUS_USE": TRUST_LIST_USE[KeyPurpose.STATUS_LIST],
        "USES": sorted(TRUST_LIST_USE.values()),
        "PACK_PLACES": PACK_PLACES,
        "CBOR_DEPTH_MAX": cbor.DEPTH_MAX,
        "HEADER_BYTES_MAX": cose.HEADER_BYTES_MAX,
        **_lengths(),
    }


def _lengths() -> Mapping[str, Any]:
    return {
        "TEXT_LENGTH_MAX": qr_text.TEXT_LENGTH_MAX,
        "TOKEN_BYTES_MAX": qr_text.TOKEN_BYTES_MAX,
        "HOST_LENGTH_MAX": qr_text.HOST_LENGTH_MAX,
        "ISSUER_LENGTH_MAX": token_claims.ISSUER_LENGTH_MAX,
        "CODE_LENGTH_MAX": token_claims.CODE_LENGTH_MAX,
        "NAME_LENGTH_MAX": token_claims.NAME_LENGTH_MAX,
        "LIVE_SECONDS_MAX": int(presentation_code.LIFETIME_MAX.total_seconds()),
        "LIVE_NUMBER_LENGTH_MAX": presentation_code.NUMBER_LENGTH_MAX,
        "LIVE_HOLDER_LENGTH_MAX": presentation_code.HOLDER_LENGTH_MAX,
        "ONE_TIME_BYTES": presentation_code.ONE_TIME_BYTES,
        "STATUS_INDEX_MAX": token_claims.STATUS_INDEX_MAX,
        "STATUS_LIST_NUMBER_MAX": token_claims.STATUS_LIST_NUMBER_MAX,
        "DAY_MAX": licence.day_number(licence.LAST_DAY),
        "INSTANT_MAX": (licence.day_number(licence.LAST_DAY) + 1) * 86_400 - 1,
        "INSTANT_MAX_LISTS": _INSTANT_MAX_LISTS,
        "TRUST_LIST_BYTES_MAX": trust_lists.TRUST_LIST_BYTES_MAX,
        "TRUST_DAYS_MAX": trust_lists.LIFETIME_MAX.days,
        "STATUS_LIST_BYTES_MAX": status.STATUS_LIST_BYTES_MAX,
        "PACKED_BYTES_MAX": status.PACKED_BYTES_MAX,
        "STATUS_TYPE": status.CONTENT_TYPE,
        "PACK_TYPE": pack.CONTENT_TYPE,
        "PACK_BYTES_MAX": pack.PACK_BYTES_MAX,
        "MANIFEST_BYTES_MAX": pack.MANIFEST_BYTES_MAX,
        "CATALOGUE_BYTES_MAX": pack.CATALOGUE_BYTES_MAX,
        "OFFLINE_HOURS_MAX": pack.OFFLINE_HOURS_MAX,
    }


def _zone_seconds() -> int:
    return int(licence.ISSUER_ZONE.utcoffset(None).total_seconds())
