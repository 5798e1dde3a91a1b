"""Files in turn: one at a time, lines in rounds, and none that takes long keeps the others waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from api.file_turns import LINE_WAITING_MAX, WAITING_MAX, FileTurns
from api.sandbox_reader import SandboxBusyError


class Desk:
    """Lets files of lines have their turns, and remembers who began and how many were worked for at once."""

    def __init__(self) -> None:
        self.turns = FileTurns()
        self.begun: list[str] = []
        self.at_once = self.most = 0
        self.may_end, self.two_are_there = asyncio.Event(), asyncio.Event()

    async def file(self, line: str) -> None:
        async with self.turns.turn(line):
            self.begun.append(line)
            self.at_once += 1
            if self.at_once == 2:
                self.two_are_there.set()
            self.most = max(self.most, self.at_once)
            await self.may_end.wait()
            await asyncio.sleep(0)
            self.at_once -= 1

    async def come(self, lines: Sequence[str]) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.file(line)) for line in lines]
        await asyncio.sleep(0)
        return tasks


def test_files_have_their_turns_one_by_one_and_lines_in_rounds() -> None:
    async def scene() -> Desk:
        desk = Desk()
        tasks = await desk.come("aaaabbc")
        desk.may_end.set()
        await asyncio.gather(*tasks)
        return desk

    desk = asyncio.run(scene())

    assert desk.begun == list("aabcaba"), "the first, and from then on each line in its round"
    assert desk.most == 1


def test_a_file_that_takes_long_gives_way_and_nobody_is_called_twice() -> None:
    async def scene() -> Desk:
        desk = Desk()
        tasks = await desk.come("ab")
        assert desk.begun == ["a"]
        await asyncio.wait_for(desk.two_are_there.wait(), 30)  # nobody has ended
        tasks += await desk.come("c")
        desk.may_end.set()
        await asyncio.gather(*tasks)
        return desk

    desk = asyncio.run(scene())

    assert (desk.begun, desk.most) == (["a", "b", "c"], 2)


def test_who_goes_away_while_he_waits_or_when_he_is_called_passes_the_turn_on() -> None:
    async def scene() -> Desk:
        desk = Desk()
        held, waits, called, last = await desk.come("abcd")
        waits.cancel()
        await asyncio.sleep(0)
        desk.may_end.set()
        held.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        called.cancel()
        await asyncio.wait([held, waits, called])
        await last
        return desk

    desk = asyncio.run(scene())

    assert desk.begun[0] == "a"
    assert desk.begun[-1] == "d"
    assert "b" not in desk.begun


def test_a_full_room_makes_way_for_a_line_that_has_nobody_there() -> None:
    async def scene() -> tuple[list[str], int]:
        desk = Desk()
        tasks = await desk.come("x" + "a" * 10 + "b" * 10 + "c" * 10 + "d" * 2)
        tasks += await desk.come("e")
        desk.may_end.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        return desk.begun, sum(isinstance(each, SandboxBusyError) for each in ended)

    begun, refused = asyncio.run(scene())

    assert begun.index("e") <= 5, "in its round, behind one of each other line"
    assert refused == 1
    assert (len(begun), begun.count("d")) == (1 + WAITING_MAX, 2)


def test_one_too_many_is_told_at_once_and_takes_nobodys_place() -> None:
    async def scene() -> tuple[list[bool], list[bool]]:
        desk = Desk()
        of_one = await desk.come("a" * (1 + LINE_WAITING_MAX + 1))
        early = [task.done() for task in of_one]
        with pytest.raises(SandboxBusyError):
            await of_one[-1]
        desk.may_end.set()
        await asyncio.gather(*of_one[:-1])
        later = await desk.come("aa")
        await asyncio.gather(*later)
        return early, [task.done() for task in later]

    early, later = asyncio.run(scene())

    assert early == [False] * (1 + LINE_WAITING_MAX) + [True]
    assert later == [True, True]
