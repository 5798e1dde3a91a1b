"""The highest number of a trust list that a checker saw: an older list is refused, for this root alone."""

from datetime import timedelta
from pathlib import Path

import pytest

from api.cli.errors import KeptNumberError, NotWrittenError
from api.cli.kept_number import keep_number, read_number
from api.cli.offline import Brought, encode_public_key, keep_seen, read_evidence
from tests.code_room import NOW, CodeRoom, Signer
from verify.trust import TrustList, TrustListExpiredError, TrustListSequenceError, assemble_trust_list
from verify.trust import trust_list_to_be_signed as to_be_signed

ROOT = Signer(11)
OTHER = Signer(12)


def bring(folder: Path, number: int, *, root: Signer = ROOT) -> Brought:
    """Bring a list of this number, signed by the root, beside the root's key."""
    made = CodeRoom().trust()
    trust = TrustList(sequence=number, issued_at=made.issued_at, expires_at=made.expires_at, issuers=made.issuers)
    signed = assemble_trust_list(trust, root.kid, root.sign(to_be_signed(trust, root.kid)))
    (folder / "list.cbor").write_bytes(signed)
    (folder / "root.pem").write_bytes(encode_public_key(root.spki))
    return Brought(trust=folder / "list.cbor", root=folder / "root.pem")


def test_a_list_that_is_older_than_the_last_one_seen_is_refused(tmp_path: Path) -> None:
    for number in (7, 7, 8):
        brought = bring(tmp_path, number)
        keep_seen(brought, read_evidence(brought, at=NOW))

    with pytest.raises(TrustListSequenceError):
        read_evidence(bring(tmp_path, 7), at=NOW)


def test_another_root_in_the_same_file_begins_anew(tmp_path: Path) -> None:
    keep_number(bring(tmp_path, 7).root, ROOT.spki, 7)

    evidence = read_evidence(bring(tmp_path, 2, root=OTHER), at=NOW)

    assert evidence.trust is not None
    assert evidence.trust.sequence == 2


def test_a_list_that_was_not_opened_raises_no_number(tmp_path: Path) -> None:
    brought = bring(tmp_path, 9)

    with pytest.raises(TrustListExpiredError):
        read_evidence(brought, at=NOW + timedelta(days=90))

    assert read_number(brought.root, ROOT.spki) == 0


@pytest.mark.parametrize("content", [b"", b"7\n", b"0" * 15 + b" 7\n", b"0" * 16 + b" 07\n", b"0" * 16 + b" -1\n"])
def test_a_damaged_file_is_said_and_not_taken_for_none(tmp_path: Path, content: bytes) -> None:
    brought = bring(tmp_path, 7)
    (tmp_path / "root.pem.seen").write_bytes(content)

    with pytest.raises(KeptNumberError):
        read_evidence(brought, at=NOW)


def test_a_place_where_nothing_can_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(NotWrittenError):
        keep_number(tmp_path / "file" / "root.pem", ROOT.spki, 7)
