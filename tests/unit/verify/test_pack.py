"""The counter pack: nothing in it is believed before root, trust list, manifest and digests agree; nothing goes back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.code_room import FOOD, NOW, PREFIX, CodeRoom, Signer
from tests.pack_room import TYPES, PackRoom, digest, sign_trust
from verify import cbor
from verify.errors import YinzhengError
from verify.examine import examine_text
from verify.pack import (
    PackExpiredError,
    PackFormError,
    PackOlderError,
    PackPartError,
    PackSignatureError,
    encode_types,
    open_pack,
    read_manifest,
)
from verify.status import StatusListError
from verify.trust import TrustListFormError, TrustListSequenceError, TrustListSignatureError
from verify.verdict import Verdict

ROOM = PackRoom()
WHOLE = ROOM.pack()


def parts_of(data: bytes) -> tuple[bytes, list[bytes]]:
    match cbor.decode(data, bytes_max=len(data)):
        case [bytes(signed), list(parts)]:
            return signed, parts
        case _:
            raise AssertionError("not a pack")


def test_a_pack_lets_a_code_be_checked_without_anything_else() -> None:
    pack = open_pack(WHOLE, ROOM.pinned)

    report = examine_text(CodeRoom().code(), pack.evidence(at=NOW), at=NOW)

    assert report.verdict is Verdict.VALID
    assert report.facts.type_name == TYPES[FOOD].name
    assert pack.encode() == WHOLE
    pack.demand_current(at=NOW)


@pytest.mark.parametrize(("value", "verdict"), [(1, Verdict.ENDED), (2, Verdict.SUSPENDED), (3, Verdict.SUPERSEDED)])
def test_the_status_list_in_the_pack_decides(value: int, verdict: Verdict) -> None:
    pack = open_pack(ROOM.pack({5: value}), ROOM.pinned)

    assert examine_text(CodeRoom().code(), pack.evidence(at=NOW), at=NOW).verdict is verdict


def test_the_hours_of_the_type_say_how_long_it_holds_offline() -> None:
    pack = open_pack(WHOLE, ROOM.pinned)
    hours = TYPES[FOOD].offline_hours

    before, after = (NOW + timedelta(hours=hours, minutes=each) for each in (-5, 5))

    assert examine_text(CodeRoom().code(), pack.evidence(at=before), at=before).verdict is Verdict.VALID
    assert examine_text(CodeRoom().code(), pack.evidence(at=after), at=after).verdict is Verdict.STATUS_UNKNOWN


def test_what_is_over_is_said_to_be_over() -> None:
    pack = open_pack(WHOLE, ROOM.pinned)
    later = pack.trust.expires_at

    with pytest.raises(PackExpiredError):
        pack.demand_current(at=pack.manifest.expires_at)
    assert pack.evidence(at=later).trust is None
    assert examine_text(CodeRoom().code(), pack.evidence(at=later), at=later).verdict is Verdict.UNREACHABLE


def test_who_holds_a_pack_needs_only_what_is_new() -> None:
    trust = sign_trust(ROOM.trust(), ROOM.root)
    held = open_pack(ROOM.pack(trust=trust), ROOM.pinned)
    now = open_pack(ROOM.pack({5: 1}, trust=trust, sequence=10), ROOM.pinned)

    cut = now.since(held.manifest)
    pack = open_pack(cut, held.pinned, held=held)

    assert len(parts_of(cut)[1]) == 1
    assert pack == now
    assert pack.encode() == now.encode()
    with pytest.raises(PackPartError):
        open_pack(cut, held.pinned)


def test_nothing_goes_back() -> None:
    newer = open_pack(ROOM.pack(sequence=10), ROOM.pinned)
    older_list = ROOM.pack(at=NOW - timedelta(minutes=4), sequence=11)
    older_trust = ROOM.pack(trust=sign_trust(ROOM.trust(sequence=3), ROOM.root), sequence=11)

    with pytest.raises(PackOlderError):
        open_pack(WHOLE, newer.pinned)
    with pytest.raises(PackOlderError):
        open_pack(older_list, newer.pinned, held=newer)
    with pytest.raises(TrustListSequenceError):
        open_pack(older_trust, newer.pinned)


def test_a_stranger_signs_neither_trust_list_nor_manifest_nor_status_list() -> None:
    stranger = Signer(99)
    foreign_trust = ROOM.pack(trust=sign_trust(ROOM.trust(), stranger))
    foreign_list = PackRoom(service=stranger)
    types, trust = encode_types(TYPES), sign_trust(ROOM.trust(), ROOM.root)
    lists = {f"{PREFIX}1": foreign_list.status_list({})}
    with_list = ROOM.sign(ROOM.manifest(trust, lists, types), (trust, types, *lists.values()))
    manifest = read_manifest(parts_of(WHOLE)[0])
    other_hand = ROOM.sign(manifest, parts_of(WHOLE)[1], signer=stranger)

    with pytest.raises(TrustListSignatureError):
        open_pack(foreign_trust, ROOM.pinned)
    with pytest.raises(StatusListError):
        open_pack(with_list, ROOM.pinned)
    with pytest.raises(PackSignatureError):
        open_pack(other_hand, ROOM.pinned)


def test_a_key_of_codes_signs_no_pack() -> None:
    office = PackRoom(service=Signer(7))
    trust = sign_trust(ROOM.trust(), ROOM.root)

    with pytest.raises(PackSignatureError):
        open_pack(office.pack(trust=trust), ROOM.pinned)


def test_a_list_at_another_offices_address_is_refused() -> None:
    types, trust = encode_types(TYPES), sign_trust(ROOM.trust(), ROOM.root)
    lists = {"https://elsewhere.example/status/1": ROOM.status_list({})}

    with pytest.raises(StatusListError):
        open_pack(ROOM.sign(ROOM.manifest(trust, lists, types), (trust, types, *lists.values())), ROOM.pinned)


def test_parts_are_the_named_ones_in_their_order_and_none_besides() -> None:
    signed, parts = parts_of(WHOLE)
    assert [digest(each) for each in parts] == sorted(digest(each) for each in parts)

    for wrong in (
        parts[:-1],
        [*parts, parts[-1]],
        parts[::-1],
        sorted([*parts, b"more"], key=digest),
        [b"x", *parts[1:]],
    ):
        with pytest.raises(PackPartError):
            open_pack(cbor.encode([signed, wrong]), ROOM.pinned)


@pytest.mark.parametrize("data", [b"", b"\x80", cbor.encode([b"", []]), cbor.encode([1, 2]), cbor.encode([b"x", [1]])])
def test_what_is_no_pack_is_refused_by_its_form(data: bytes) -> None:
    with pytest.raises(PackFormError):
        open_pack(data, ROOM.pinned)


@pytest.mark.parametrize(
    "changes", [{"sequence": -1}, {"ttl_seconds": -1}, {"expires_at": NOW - timedelta(days=1)}, {"trust": b"short"}]
)
def test_a_manifest_has_a_number_a_period_and_digests(changes: dict[str, object]) -> None:
    with pytest.raises(PackFormError):
        replace(read_manifest(parts_of(WHOLE)[0]), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("types", [b"\x80", b"\xa1\x01\x83\x61a\x61b\x01", cbor.encode({FOOD: ["a", "b", 0]}), b"\xff"])
def test_a_catalogue_that_is_none_refuses_the_pack(types: bytes) -> None:
    trust = sign_trust(ROOM.trust(), ROOM.root)

    with pytest.raises(PackFormError):
        open_pack(ROOM.sign(ROOM.manifest(trust, {}, types), (trust, types)), ROOM.pinned)


class TestChangeOfRoot:
    """A new root is believed when the old one named it and it signed the same list."""

    new = Signer(4)

    def pack(self, named: bytes, *, by_new: bytes | None = None) -> bytes:
        trust = ROOM.trust(next_root=named)
        old, new = sign_trust(trust, ROOM.root), sign_trust(trust, self.new) if by_new is None else by_new
        types = encode_types(TYPES)
        manifest = ROOM.manifest(new, {}, types, root_changes=((digest(old), digest(new)),))
        return ROOM.sign(manifest, (old, new, types))

    def test_who_believes_the_old_root_follows_and_who_believes_the_new_one_stays(self) -> None:
        data = self.pack(self.new.spki)

        followed = open_pack(data, ROOM.pinned)
        stayed = open_pack(data, followed.pinned)

        assert followed.root == stayed.root == self.new.spki

    def test_a_root_that_was_not_named_is_not_followed(self) -> None:
        with pytest.raises(TrustListFormError):
            open_pack(self.pack(b""), ROOM.pinned)
        with pytest.raises(TrustListSignatureError):
            open_pack(self.pack(Signer(98).spki), ROOM.pinned)

    def test_the_new_root_must_sign_the_very_same_list(self) -> None:
        other = sign_trust(ROOM.trust(sequence=5), self.new)

        with pytest.raises(TrustListSignatureError):
            open_pack(self.pack(self.new.spki, by_new=other), ROOM.pinned)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_pack_can_be_changed(place: int, bit: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= 1 << bit

    with pytest.raises(YinzhengError):
        open_pack(bytes(changed), ROOM.pinned)
