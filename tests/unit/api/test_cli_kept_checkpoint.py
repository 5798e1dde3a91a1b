"""The checkpoint that an auditor keeps: it is continued, or the first leaf that differs is named."""

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from api.cli.errors import LogRewrittenError, LogShrunkError
from api.cli.kept_checkpoint import Kept, demand_continued, keep, read_kept
from verify.note import (
    ED25519_TYPE,
    LogVerifier,
    NoteError,
    checkpoint_body,
    note_key_id,
    open_checkpoint,
    signature_line,
)
from verify.tree import root_of

ORIGIN = "licences.test.example/log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
VERIFIER = LogVerifier(ORIGIN, note_key_id(ORIGIN, ED25519_TYPE, PUBLIC), PUBLIC)


def leaves(count: int) -> tuple[bytes, ...]:
    return tuple(sha256(str(index).encode()).digest() for index in range(count))


def note(hashes: tuple[bytes, ...]) -> str:
    body = checkpoint_body(ORIGIN, len(hashes), root_of(hashes))
    return f"{body.decode()}\n{signature_line(ORIGIN, VERIFIER.key_id, PRIVATE.sign(body))}"


def kept(hashes: tuple[bytes, ...]) -> Kept:
    return Kept(checkpoint=open_checkpoint(note(hashes), (VERIFIER,)), leaves=hashes)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_only_grew_continues_what_was_kept(old: int, more: int) -> None:
    demand_continued(kept(leaves(old)), leaves(old + more))


@given(st.integers(1, 40), st.data())
def test_a_changed_leaf_is_named_by_its_number(old: int, data: st.DataObject) -> None:
    changed = data.draw(st.integers(0, old - 1))
    now = list(leaves(old + 3))
    now[changed] = sha256(b"another").digest()

    with pytest.raises(LogRewrittenError) as refused:
        demand_continued(kept(leaves(old)), tuple(now))

    assert refused.value.params["leaf"] == str(changed)


def test_a_log_that_became_shorter_is_refused() -> None:
    with pytest.raises(LogShrunkError):
        demand_continued(kept(leaves(8)), leaves(7))


def test_without_kept_leaves_a_rewritten_log_is_found_all_the_same() -> None:
    before = Kept(checkpoint=kept(leaves(8)).checkpoint, leaves=())

    with pytest.raises(LogRewrittenError) as refused:
        demand_continued(before, (*leaves(7), sha256(b"another").digest()))

    assert refused.value.params["leaf"] == "?"


def test_what_was_kept_is_read_back_with_its_leaves(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    assert read_kept(path, (VERIFIER,)) is None

    keep(path, note(leaves(5)), leaves(5))

    assert read_kept(path, (VERIFIER,)) == kept(leaves(5))


def test_leaves_that_do_not_fit_their_checkpoint_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    keep(path, note(leaves(5)), (*leaves(4), bytes(32)))

    found = read_kept(path, (VERIFIER,))

    assert found is not None
    assert found.leaves == ()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"not a note", note(leaves(3)).replace("3", "4", 1).encode()])
def test_what_the_log_did_not_sign_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(content)

    with pytest.raises(NoteError):
        read_kept(path, (VERIFIER,))
