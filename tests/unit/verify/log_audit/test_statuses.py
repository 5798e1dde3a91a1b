"""Lists that lie beside a published log: signed by whom they should be, never older, and what the log's acts made of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.mutations import last_bit_changed
from tests.small_log import BEGINS
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.log_audit.findings import Findings
from verify.log_audit.statuses import PublishedLists
from verify.status import StatusList, assemble_status_list, pack, status_list_to_be_signed
from verify.trust import TrustedIssuer, TrustedKey, TrustList

PREFIX = "https://licences.test.example/status/"
HOUR = timedelta(hours=1)
KEY = ec.derive_private_key(11, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KID = key_identifier(SPKI)
TRUSTED = TrustedKey(
    kid=KID, algorithm=Algorithm.ES256, spki=SPKI, use=2, not_before=BEGINS, not_after=BEGINS + timedelta(days=9)
)
TRUST = TrustList(
    sequence=1, issued_at=BEGINS, expires_at=BEGINS + timedelta(days=9),
    issuers=(TrustedIssuer(issuer="office", name="office", keys=(TRUSTED,), status_prefix=PREFIX, licence_types=()),),
)  # fmt: skip
HONEST = StatusList(
    uri=f"{PREFIX}1", issued_at=BEGINS + HOUR, expires_at=BEGINS + 9 * HOUR, ttl_seconds=300, packed=pack([0, 2, 1, 3])
)
ACTS = ((1, "suspend", 5), (2, "revoke", 6), (3, "supersede", 7), (0, "suspend", 8), (0, "reinstate", 9))


class Beside(dict[str, bytes]):
    """What lies beside a log, by path."""


def signed(told: StatusList) -> bytes:
    signature = KEY.sign(status_list_to_be_signed(told, KID), ec.ECDSA(SHA256()))
    return assemble_status_list(told, KID, der_to_raw(signature))


def found(
    files: dict[str, bytes], *, seen: Mapping[str, int] | None = None, last: timedelta = HOUR, **changes: object
) -> set[tuple[str, str, str]]:
    """Say what is found, with weight and place, when the log has these acts; state is kept and taken up on the way."""
    findings = Findings()
    lists = PublishedLists(Beside(files), TRUST, findings, at=BEGINS + 2 * HOUR)
    lists.fetch(seen or {})
    for index, act, second in changes.get("acts", ACTS):  # type: ignore[attr-defined]  # acts of a test
        lists.act([1, index], act, int(BEGINS.timestamp()) + second)
    again = PublishedLists(Beside(files), TRUST, Findings(), at=BEGINS + 2 * HOUR)
    again.fetch({})
    again.restore(lists.state())  # type: ignore[arg-type]  # as it is kept
    lists.restore(again.state())  # type: ignore[arg-type]  # and read back
    lists.judge(int((BEGINS + last).timestamp()))
    return {(each.code, each.weight.value, each.params.get("index", "")) for each in findings.found}


def test_lists_that_say_what_the_log_says_are_good() -> None:
    assert found({"status/1": signed(HONEST)}) == set()


@pytest.mark.parametrize("index", range(4))
def test_an_act_that_the_list_does_not_show_is_named_with_its_place(index: int) -> None:
    values = [0, 2, 1, 3]
    values[index] = 0 if values[index] else 1
    told = replace(HONEST, packed=pack(values))

    assert found({"status/1": signed(told)}) == {("checker.status_differs", "failed", str(index))}


def test_a_list_that_is_older_than_the_log_is_open_for_an_hour_and_then_wrong() -> None:
    late = [(1, "suspend", 3_700)]
    files = {"status/1": signed(HONEST)}

    assert found(files, acts=late) == {("checker.status_behind", "unknown", "")}
    assert found(files, acts=late, last=2 * HOUR + timedelta(seconds=1)) == {("checker.status_behind", "failed", "")}
    assert found({}) == {("checker.status_behind", "unknown", "")}


def test_a_list_by_nobody_of_another_address_older_than_before_ended_or_gone_is_named() -> None:
    issued = int(HONEST.issued_at.timestamp())
    good, other = signed(HONEST), signed(replace(HONEST, uri=f"{PREFIX}2"))
    ended = signed(replace(HONEST, expires_at=BEGINS + 2 * HOUR))

    def told(content: bytes | None, seen: int = 0) -> set[tuple[str, str, str]]:
        return found({} if content is None else {"status/1": content}, seen={"status/1": seen} if seen else {}, acts=())

    assert told(last_bit_changed(good)) == {("checker.list_wrong", "failed", "")}
    assert told(other) == {("checker.list_wrong", "failed", "")}
    assert told(ended) == {("checker.list_expired", "unknown", "")}
    assert told(good, issued) == set()
    assert told(good, issued + 1) == {("checker.list_older", "failed", "")}
    assert told(None, issued) == {("checker.list_gone", "failed", "")}
    assert found({"authority.crl": b"\x30\x00"}, acts=()) == {("checker.list_wrong", "failed", "")}
