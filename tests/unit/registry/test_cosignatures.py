"""Cosigned checkpoints and last answers: kept once, given back whole, forgotten together."""

from datetime import timedelta

from registry import leaves
from registry.cosignatures import (
    LastAnswer,
    cosigned_checkpoints,
    forget,
    keep_answer,
    keep_checkpoint,
    keep_line,
    last_answers,
    lines_of,
)
from registry.db import Database, transaction
from tests.key_room import NOW, ORIGIN


def test_lines_stay_with_their_checkpoint_and_go_with_it(database: Database) -> None:
    with transaction(database) as tx:
        log = leaves.lock_head(tx, ORIGIN).log
        for size in (5, 9):
            keep_checkpoint(tx, log, size, f"note {size}\n")
            keep_checkpoint(tx, log, size, "another")
            for witness in ("b", "a"):
                keep_line(tx, log, size, witness, f"line {witness} {size}\n", at=NOW)
        keep_line(tx, log, 9, "a", "a later line", at=NOW + timedelta(days=1))
        newest, older = cosigned_checkpoints(tx, log)

        assert (newest.size, older.size) == (9, 5)
        assert newest.cosigned_note == "note 9\nline a 9\nline b 9\n"
        assert lines_of(tx, log, 5) == older.lines
        assert lines_of(tx, log, 6) == ()

        forget(tx, log, [5])

        assert cosigned_checkpoints(tx, log) == (newest,)
        assert lines_of(tx, log, 5) == ()


def test_the_last_answer_of_a_witness_replaces_the_one_before(database: Database) -> None:
    first = LastAnswer(witness="a", size=5, code="witness.slow", asked_at=NOW)
    second = LastAnswer(witness="a", size=9, code="", asked_at=NOW + timedelta(minutes=1))
    other = LastAnswer(witness="b", size=0, code="witness.away", asked_at=NOW)

    with transaction(database) as tx:
        log = leaves.lock_head(tx, ORIGIN).log
        for each in (first, other, second):
            keep_answer(tx, log, each)

        assert last_answers(tx, log) == (second, other)
