"""The publisher in its thread: what is sequenced is published at once, by however many, and trouble does not end it."""

import threading
import time

from api.publishing import LogPublisher
from registry import leaves
from registry.db import reading
from signer.log_safety import published_checkpoint
from tests.hall import Hall

SECONDS_MAX = 30


def sizes(hall: Hall) -> tuple[int, int]:
    """Return how large the log is, and how much of it is published."""
    verifier = hall.office.desk.log.verifier
    with reading(hall.office.database) as tx:
        head = leaves.head(tx, verifier.name)
    published = published_checkpoint(verifier, hall.office.published, head.prefix)
    return head.size, 0 if published is None else published.size


def test_what_is_sequenced_is_published_by_itself_and_two_publishers_do_not_quarrel(
    hall: Hall,
) -> None:
    with LogPublisher(hall.office).at_work(), LogPublisher(hall.office).at_work():
        hall.issues()
        until = time.monotonic() + SECONDS_MAX
        while len(set(sizes(hall))) > 1 and time.monotonic() < until:
            threading.Event().wait(0.05)
        assert len(set(sizes(hall))) == 1

    publisher = LogPublisher(hall.office)
    folder = hall.office.settings.published_folder / "log"
    good = (folder / "checkpoint").read_bytes()
    (folder / "checkpoint").write_bytes(b"no checkpoint of ours\n")
    assert [publisher.look() for _ in range(3)] == [True] * 3, "it goes on"
    (folder / "checkpoint").write_bytes(good)
    assert publisher.look()
    assert len(set(sizes(hall))) == 1
