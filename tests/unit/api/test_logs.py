"""The process's log: one JSON object a line, in one piece, whatever it is told of."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import NamedTuple

from api.logs import open_log


@dataclass(frozen=True)
class Named:
    """A record that keeps a name to itself."""

    name: str = field(repr=False)


class Holder(NamedTuple):
    """A tuple that does."""

    name: str

    def __repr__(self) -> str:
        return "Holder"


AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_a_line_has_its_names_in_order_and_says_when_what_and_how_bad() -> None:
    out = StringIO()
    log = open_log(lambda: AT, out=out)

    log.info("request", status=200, method="GET", ms=1.5, client=None)
    log.warning("library", text='证 "照"\n\x07', places=["a:1 b"])
    log.warning("library", text="half a sign: \ud83d")
    log.error("fault", level="none", at="never", unknown={"set"}, named=Named("王小明"), holder=Holder("王小明"))

    begin = '{"at":"2026-01-02T03:04:05.678+00:00",'
    assert out.getvalue().splitlines() == [
        begin + '"client":null,"event":"request","level":"info","method":"GET","ms":1.5,"status":200}',
        begin + '"event":"library","level":"warning","places":["a:1 b"],"text":"证 \\"照\\"\\n\\u0007"}',
        begin + '"event":"library","level":"warning","text":"half a sign: \ud83d"}',
        begin + '"event":"fault","holder":"Holder","level":"error","named":"Named()","unknown":"{\'set\'}"}',
    ], "what a line is made of does not write over its own level and moment, and a record shows no more than its repr"


def test_the_lines_of_several_threads_stay_whole() -> None:
    out = StringIO()
    log = open_log(lambda: AT, out=out)

    def write(thread: int) -> None:
        for number in range(50):
            log.info("part_done", thread=thread, number=number)

    threads = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {(each["thread"], each["number"]) for each in found} == {(a, b) for a in range(4) for b in range(50)}
