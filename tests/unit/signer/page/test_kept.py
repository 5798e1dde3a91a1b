from signer.page.kept import Kept


def test_what_was_made_of_a_thing_is_found_under_the_same_numbers_only() -> None:
    kept: Kept[tuple[int, ...], str] = Kept()
    thing = (1, 2)

    kept.keep(thing, "made", 1.0)

    assert kept.find(thing, 1.0) == "made"
    assert kept.find(thing, 2.0) is None
    assert kept.find(thing) is None


def test_an_equal_thing_is_another_thing() -> None:
    kept: Kept[list[int], str] = Kept()

    kept.keep([1], "made")

    assert kept.find([1]) is None


def test_a_thing_is_held_while_something_of_it_is_kept_so_that_no_other_takes_its_place() -> None:
    kept: Kept[list[int], int] = Kept()

    for number in range(60):
        kept.keep([number], number)

    assert all(kept.find([number]) is None for number in range(60))


def test_too_much_is_dropped() -> None:
    kept: Kept[list[int], int] = Kept()
    things = [[number] for number in range(65)]

    for number, thing in enumerate(things):
        kept.keep(thing, number)

    assert kept.find(things[0]) is None
    assert kept.find(things[64]) == 64
