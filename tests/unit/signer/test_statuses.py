"""Status lists as the public gets them: current, signed, and no older one in a newer one's place."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.custody import DEPLOYMENT
from registry import artefacts
from registry.db import reading, transaction
from registry.errors import DatabaseBusyError
from registry.lifecycle import LicenceEvent
from registry.statuses import LIST_SIZE
from signer.change import Change, change
from signer.key_acts import rotate_key
from signer.statuses import KIND, TTL, pack_values, refresh_after_filing, refresh_status_lists, status_list_address
from tests.mutations import last_bit_changed
from tests.town import PERSONS, SETTINGS, Town
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose
from verify.status import StatusList, StatusListError, StatusValue, open_status_list, pack
from verify.trust import TrustedKey

REVOKE = Change(event=LicenceEvent.REVOKE, reason="理由", legal_basis="依据")


def content_of(town: Town, number: int = 1) -> bytes | None:
    with reading(town.database) as tx:
        return artefacts.latest(tx, KIND, str(number))


def opened(town: Town, number: int = 1) -> StatusList:
    """Open the published list as a stranger does."""
    content = content_of(town, number)
    assert content is not None
    trust = town.desk.trust()

    def keys(kid: bytes) -> list[TrustedKey]:
        return [key for _, key in trust.keys_for(kid, 2)]

    return open_status_list(content, uri=f"{trust.issuers[0].status_prefix}{number}", keys=keys)


def sequence(town: Town, number: int = 1) -> int:
    with reading(town.database) as tx:
        return artefacts.latest_sequence(tx, KIND, str(number))


@given(st.dictionaries(st.integers(0, LIST_SIZE - 1), st.sampled_from(StatusValue), max_size=30))
def test_packing_a_few_values_is_packing_the_whole_list(values: dict[int, StatusValue]) -> None:
    whole = [0] * LIST_SIZE
    for index, value in values.items():
        whole[index] = value

    assert pack_values(values) == pack(whole)


def test_the_first_licence_publishes_its_list_and_the_second_needs_no_new_one(town: Town) -> None:
    assert content_of(town) is None

    town.issues(town.signboard_draft())
    first = content_of(town)
    town.issues(town.signboard_draft())

    assert content_of(town) == first
    published = opened(town)
    assert (published.issued_at, published.ttl_seconds) == (town.now, 300)
    assert published.expires_at == town.now + timedelta(days=SETTINGS.status_days)
    assert set(pack_values({})) == set(published.packed)


def test_only_what_changed_is_signed_again(town: Town) -> None:
    licence = town.issues(town.signboard_draft()).record
    assert refresh_status_lists(town.desk, at=town.now) == ()

    change(town.desk, licence.licence_id, REVOKE, operator=town.officer, at=town.now)

    assert sequence(town) == 2
    assert opened(town).value(licence.status_index) is StatusValue.ENDED
    assert refresh_status_lists(town.desk, at=town.now) == ()


def test_an_old_list_is_signed_again_after_its_time_to_live(sqlite_town: Town) -> None:
    town = sqlite_town
    town.issues(town.signboard_draft())

    assert refresh_status_lists(town.desk, at=town.clock.moves(TTL - timedelta(seconds=1))) == ()
    assert refresh_status_lists(town.desk, at=town.clock.moves(timedelta(seconds=1)), only=(2,)) == ()
    assert refresh_status_lists(town.desk, at=town.now) == (1,)
    assert opened(town).issued_at == town.now


@pytest.mark.parametrize("what", ["another key", "another address", "damage"])
def test_a_list_that_no_stranger_would_take_is_signed_again(sqlite_town: Town, what: str) -> None:
    town = sqlite_town
    town.issues(town.signboard_draft())
    desk = town.desk
    if what == "another key":
        rotate_key(
            town.key_desk,
            KeyPurpose.STATUS_LIST,
            DEPLOYMENT,
            algorithm=Algorithm.ES256,
            persons=PERSONS,
            at=town.now,
        )
    elif what == "another address":
        desk = replace(desk, settings=replace(SETTINGS, status_prefix="https://moved.test.example/status/"))
    else:
        with transaction(town.database) as tx:
            artefacts.store(tx, KIND, "1", last_bit_changed(content_of(town) or b""), sequence=7, at=town.now)

    assert refresh_status_lists(desk, at=town.now) == (1,)
    assert refresh_status_lists(desk, at=town.now) == ()


def test_an_address_is_the_prefix_and_the_number() -> None:
    assert status_list_address("https://a.example/status/", 12) == "https://a.example/status/12"


def test_filing_without_a_word_to_say_publishes_nothing(sqlite_town: Town) -> None:
    issued = sqlite_town.issues(sqlite_town.signboard_draft())

    assert refresh_after_filing(sqlite_town.desk, [issued.record], at=sqlite_town.now) == ()
    assert refresh_after_filing(sqlite_town.desk, [], at=sqlite_town.now) == ()


def test_of_two_that_publish_at_once_the_later_reader_has_the_last_word(town: Town) -> None:
    """While we sign what we read, another one records an act and publishes: what we made is thrown away and made anew."""
    licence, other = (town.issues(town.signboard_draft()).record for _ in range(2))
    custody, disturbed = town.desk.custody, []

    class Disturbed:
        """The town's custody, before whose first signature another process is faster."""

        def __getattr__(self, name: str) -> object:
            return getattr(custody, name)

        def sign_counted(self, key: object, message: bytes) -> bytes:
            if not disturbed:
                disturbed.append(True)
                change(town.desk, other.licence_id, REVOKE, operator=town.officer, at=town.now)
            return custody.sign_counted(key, message)  # type: ignore[arg-type]

    slow = replace(town.desk, custody=Disturbed())  # type: ignore[arg-type]
    town.clock.moves(TTL)

    refresh_status_lists(slow, at=town.now)

    published = opened(town)
    assert published.value(other.status_index) is StatusValue.ENDED
    assert published.value(licence.status_index) is StatusValue.IN_FORCE


def test_who_is_outrun_again_and_again_says_so(sqlite_town: Town) -> None:
    town = sqlite_town
    town.issues(town.signboard_draft())
    custody, count = town.desk.custody, iter(range(2, 1000))

    class Outrun:
        """The town's custody, before whose every signature another process publishes a broken list."""

        def __getattr__(self, name: str) -> object:
            return getattr(custody, name)

        def sign_counted(self, key: object, message: bytes) -> bytes:
            with transaction(town.database) as tx:
                artefacts.store(tx, KIND, "1", b"broken", sequence=next(count), at=town.now)
            return custody.sign_counted(key, message)  # type: ignore[arg-type]

    town.clock.moves(TTL)
    with pytest.raises(DatabaseBusyError):
        refresh_status_lists(replace(town.desk, custody=Outrun()), at=town.now)  # type: ignore[arg-type]

    refresh_status_lists(town.desk, at=town.now)
    assert opened(town).value(0) is StatusValue.IN_FORCE


def test_many_acts_at_once_are_all_published(town: Town) -> None:
    records = [each.record for each in town.issues_all(town.drafts(6)) if hasattr(each, "record")]
    assert len(records) == 6

    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda each: change(town.desk, each.licence_id, REVOKE, operator=town.officer, at=town.now), records
            )
        )

    published = opened(town)
    assert {published.value(each.status_index) for each in records} == {StatusValue.ENDED}


def test_the_list_says_nothing_to_who_does_not_trust_its_key(sqlite_town: Town) -> None:
    sqlite_town.issues(sqlite_town.signboard_draft())
    content = content_of(sqlite_town)
    assert content is not None

    with pytest.raises(StatusListError):
        open_status_list(content, uri=f"{SETTINGS.status_prefix}1", keys=lambda _kid: ())
