"""What is remembered by exact bytes: from the second time on, never too much, and never another's."""

from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from verify.remembered import Remembered


def _offered_twice(held: Remembered[bytes, str], key: bytes, made: str, *, weight: int = 1) -> None:
    held.offer(key, made, weight=weight)
    held.offer(key, made, weight=weight)


def test_what_comes_once_is_not_kept_and_what_comes_twice_is() -> None:
    held = Remembered[bytes, str](bytes_max=100)
    assert held.offer(b"a licence", "one", weight=1) == "one"
    assert held.find(b"a licence") is None
    assert held.offer(b"a licence", "one", weight=1) == "one"
    assert held.find(b"a licence") == "one"
    assert held.find(b"a licencf") is None


def test_what_is_kept_stays_when_something_else_is_said_to_be_made_of_it() -> None:
    held = Remembered[bytes, str](bytes_max=100)
    _offered_twice(held, b"seal", "good")
    held.offer(b"seal", "other", weight=1)
    assert held.find(b"seal") == "good"


def test_a_thing_of_more_than_its_share_is_never_kept() -> None:
    held = Remembered[bytes, str](bytes_max=100)
    _offered_twice(held, b"large", "large", weight=26)
    _offered_twice(held, b"small", "small", weight=25)
    assert (held.find(b"large"), held.find(b"small")) == (None, "small")


def test_all_is_dropped_when_there_is_too_much_and_may_come_back() -> None:
    held = Remembered[bytes, str](bytes_max=100)
    keys = [bytes((number,)) for number in range(5)]
    for key in keys:
        _offered_twice(held, key, "made", weight=25)
    assert [held.find(key) is not None for key in keys] == [False, False, False, False, True]
    held.offer(keys[0], "made", weight=25)
    assert held.find(keys[0]) == "made"


def test_what_came_once_is_forgotten_after_many_others() -> None:
    held = Remembered[int, str](bytes_max=100)
    held.offer(-5, "made", weight=1)
    for number in range(8192):
        held.offer(number, "made", weight=1)
    held.offer(-5, "made", weight=1)
    assert held.find(-5) is None


@given(st.lists(st.tuples(st.binary(max_size=2), st.integers(1, 60)), max_size=60))
def test_whatever_is_offered_what_is_found_was_made_of_that_key_and_weighs_no_more_than_allowed(
    offers: list[tuple[bytes, int]],
) -> None:
    held = Remembered[bytes, tuple[bytes, int]](bytes_max=100)
    for key, weight in offers:
        held.offer(key, (key, weight), weight=weight)
        found = {each: made for each, _ in offers if (made := held.find(each)) is not None}
        assert all(made[0] == each for each, made in found.items())
        assert sum(weight for _, weight in found.values()) <= 100


def test_threads_that_offer_the_same_things_keep_each_once() -> None:
    held = Remembered[bytes, str](bytes_max=4000)
    keys = [number.to_bytes(2, "big") for number in range(1000)]

    def offer() -> None:
        for key in keys:
            held.offer(key, "made", weight=4)

    threads = [Thread(target=offer) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(held.find(key) == "made" for key in keys)
