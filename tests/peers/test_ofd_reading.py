"""OFDs that ofdrw made and sealed are read; what its own validator lets pass and ours must not is refused."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.peers.programs import JAVA, ofdrw
from tests.seal_room import PICTURE, SealRoom, Sm2Party, seal_holder, seal_maker
from verify.ofd import read_ofd
from verify.ofd_package import read_package
from verify.report import Check, Outcome
from verify.signed_document import SignedDocument

pytestmark = pytest.mark.peer("java", "mvn", "javac")

# ofdrw takes the clock of its machine, so everything is valid for long.
LONG = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2120, 1, 1, tzinfo=UTC)}


@pytest.fixture(scope="module")
def room() -> SealRoom:
    """A seal maker and a bureau whose certificates are valid for a century."""
    authority = Sm2Party(name="national", is_authority=True, **LONG)  # type: ignore[arg-type]
    return SealRoom(root=authority, maker=seal_maker(authority, **LONG), bureau=seal_holder(authority, **LONG))


def ask(program: str, *words: object) -> str:
    command = [*JAVA, "-cp", ofdrw(), f"yinzheng.{program}", *map(str, words)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    return asked.stdout


@pytest.fixture(scope="module")
def theirs(room: SealRoom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ofdrw made."""
    folder = tmp_path_factory.mktemp("theirs")
    terms = {"created": LONG["not_before"], "valid_from": LONG["not_before"], "valid_until": LONG["not_after"]}
    (folder / "seal.esl").write_bytes(room.seal(picture=replace(PICTURE, data=_picture()), **terms))
    (folder / "seal.crt").write_bytes(room.bureau.certificate)
    (folder / "seal.key").write_bytes(room.bureau.sm2.to_pkcs8())
    ask("Signs", folder)
    return folder


def _picture() -> bytes:
    from tests.page_requests import seal  # draws with the fonts, which only this needs

    return seal()


def judged(document: bytes, room: SealRoom) -> SignedDocument:
    at = datetime.now(UTC)
    return read_ofd(document, room.trust, (room.root.revokes(issued_at=at, next_at=at + timedelta(days=1)),), at=at)


def failed(found: SignedDocument) -> set[str]:
    return {each.code for each in found.findings if each.outcome is Outcome.FAILED}


def repacked(document: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    files = dict(read_package(document).files)
    change(files)
    return write_zip([OfdPart(name, Packed(content)) for name, content in files.items()])


def verdicts(folder: Path, files: Mapping[str, bytes]) -> Mapping[str, bool]:
    """Return what ofdrw's validator says of these files."""
    paths = {name: folder / f"{name}.ofd" for name in files}
    for name, path in paths.items():
        path.write_bytes(files[name])
    lines = ask("Main", "verify", *paths.values()).splitlines()
    return {name: f"good {path}" in lines for name, path in paths.items()}


@pytest.mark.parametrize(("name", "count"), [("sealed", 1), ("whole", 1), ("twice", 2), ("riding", 1)])
def test_what_ofdrw_sealed_is_read_as_a_strangers_with_a_good_seal(
    name: str, count: int, theirs: Path, room: SealRoom
) -> None:
    found = judged((theirs / f"{name}.ofd").read_bytes(), room)

    assert not found.is_ours
    assert failed(found) == set()
    assert [each.outcome for each in found.signatures] == [Outcome.PASSED] * count
    assert found.uncovered == ()
    assert found.seal is not None
    assert found.seal.code == room.draft().code


def test_a_bare_signature_is_said_not_to_be_judged_and_a_file_without_any_has_none(
    theirs: Path, room: SealRoom
) -> None:
    bare = judged((theirs / "bare.ofd").read_bytes(), room)
    plain = judged((theirs / "plain.ofd").read_bytes(), room)

    assert [(each.code, each.outcome) for each in bare.findings if each.check is Check.SIGNATURE] == [
        ("signature.not_asked", Outcome.UNKNOWN)
    ]
    assert failed(plain) == {"signature.none"}


def test_their_validator_lets_an_untrusted_chain_and_an_uncovered_page_pass_and_ours_does_not(
    theirs: Path, room: SealRoom, tmp_path: Path
) -> None:
    sealed = (theirs / "sealed.ofd").read_bytes()
    pages = [name for name in read_package(sealed).files if name.endswith("Content.xml")]
    annotation = {"Doc_0/Annots/Page_0/Annotation.xml": b"<x/>"}
    added = repacked(sealed, lambda files: files.update(annotation))
    changed = repacked(sealed, lambda files: files.update({pages[0]: files[pages[0]].replace(b"0", b"1", 1)}))
    stranger = SealRoom.found()

    said = verdicts(tmp_path, {"sealed": sealed, "added": added, "changed": changed})

    assert said == {"sealed": True, "added": True, "changed": False}
    assert failed(judged(added, room)) == {"contents.uncovered"}
    assert "signature.bad" in failed(judged(changed, room))
    assert {"issuer.unknown", "seal.maker_unknown"} <= failed(judged(sealed, stranger))
