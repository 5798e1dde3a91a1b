"""A published log is recomputed to its root; one changed byte is one finding, with its file and place."""

import pytest

from tests.small_log import SmallLog
from verify.log_audit.findings import Findings, LogFinding
from verify.log_audit.tree_walk import TreeWalk


def walked(log: SmallLog) -> tuple[TreeWalk, list[LogFinding]]:
    findings = Findings()
    walk = TreeWalk(log, "log/", (log.size, log.root), findings)
    while (bundle := walk.read()) is not None:
        walk.push(bundle)
    return walk, findings.found


def found_in(log: SmallLog) -> tuple[str, dict[str, str], bool]:
    walk, (found,) = walked(log)
    return found.code, dict(found.params), walk.root() == log.root


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 700])
def test_a_log_of_any_size_is_recomputed_to_its_root(size: int) -> None:
    log = SmallLog.with_intents(size - 1)

    walk, found = walked(log)

    assert found == []
    assert walk.root() == log.root
    assert len(walk.tops) == 32 * (size // 256)


def test_a_full_tile_of_a_larger_log_stands_in_for_a_partial_one() -> None:
    small, large = SmallLog.with_intents(99), SmallLog.with_intents(999)
    large.entries, large.root = large.entries[:100], SmallLog.of(large.entries[:100]).root

    walk, found = walked(large)

    assert (found, walk.root() == large.root, small.size) == ([], True, 100)


@pytest.mark.parametrize("path", ["log/tile/0/000.p/100", "log/tile/entries/000.p/100"])
def test_a_partial_file_holds_what_its_width_says_and_no_more(path: str) -> None:
    log = SmallLog.with_intents(99)
    log.files[path] += log.files[path][: 32 if "/0/" in path else 37]

    code, params, is_root_same = found_in(log)

    assert code in {"checker.tile_malformed", "checker.bundle_malformed"}
    assert (params["file"], is_root_same) == (path, True)


def test_a_changed_entry_is_named_and_the_rest_still_holds() -> None:
    for size, index in ((700, 300), (700, 699), (256, 0)):
        log = SmallLog.with_intents(size - 1)
        path, width = f"log/tile/entries/{index // 256:03}", min(256, size - index // 256 * 256)
        path += "" if width == 256 else f".p/{width}"
        place = sum(len(each) + 2 for each in log.entries[index // 256 * 256 : index])

        log.flip(path, place + 12)

        code, params, holds = found_in(log)
        assert (code, params["file"], params["index"], holds) == ("checker.entry_changed", path, str(index), True)
        assert params["expected"] != params["found"]


def test_a_changed_length_in_a_bundle_is_named_by_the_entry_that_it_spoils() -> None:
    log = SmallLog.with_intents(699)
    log.flip("log/tile/entries/001", sum(len(each) + 2 for each in log.entries[256:260]))

    code, params, holds = found_in(log)

    assert (code, params["index"], holds) == ("checker.bundle_malformed", "260", True)


@pytest.mark.parametrize(
    ("path", "hash_place"),
    [("log/tile/0/001", 7), ("log/tile/0/002.p/188", 187), ("log/tile/1/000.p/2", 1), ("log/tile/0/000", 0)],
)
def test_a_changed_hash_in_a_tile_is_named(path: str, hash_place: int) -> None:
    log = SmallLog.with_intents(699)
    log.flip(path, 32 * hash_place + 5)

    code, params, holds = found_in(log)

    assert (code, params["file"], params["place"], holds) == ("checker.tile_changed", path, str(hash_place), True)


def test_missing_and_short_files_are_named_and_the_walk_goes_on() -> None:
    for path, content, code in (
        ("log/tile/entries/001", None, "checker.file_missing"),
        ("log/tile/0/001", None, "checker.file_missing"),
        ("log/tile/1/000.p/2", None, "checker.file_missing"),
        ("log/tile/0/002.p/188", b"short", "checker.tile_malformed"),
    ):
        log = SmallLog.with_intents(699)
        log.files.pop(path)
        if content is not None:
            log.files[path] = content

        found = found_in(log)

        assert (found[0], found[1]["file"], found[2]) == (code, path, True)


def test_where_bundle_and_tile_are_both_gone_the_level_above_goes_on_and_without_it_the_walk_stops() -> None:
    log = SmallLog.with_intents(699)
    del log.files["log/tile/entries/001"], log.files["log/tile/0/001"]

    walk, found = walked(log)

    assert [each.code for each in found] == ["checker.file_missing"] * 2
    assert walk.root() == log.root

    del log.files["log/tile/1/000.p/2"]
    walk, found = walked(log)

    assert (found[-1].code, found[-1].params["index"], walk.position) == ("checker.stopped", "256", 256)


def test_a_walk_goes_on_from_where_it_was_saved() -> None:
    log = SmallLog.with_intents(2_999)
    findings = Findings()
    first = TreeWalk(log, "log/", (log.size, log.root), findings)
    for _ in range(5):
        bundle = first.read()
        assert bundle is not None
        first.push(bundle)
    second = TreeWalk(log, "log/", (log.size, log.root), findings)
    second.restore(first.state())

    while (bundle := second.read()) is not None:
        second.push(bundle)

    assert (findings.found, second.root() == log.root, len(second.tops)) == ([], True, 32 * 11)
