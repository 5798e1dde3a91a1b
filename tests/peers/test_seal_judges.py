"""ofdrw and Bouncy Castle read and check our seals and seal signatures; we read and check theirs, of 2014 and of 2020.

ofdrw has no seals of GM/T 0031-2025 in any release (2.3.8 is the newest), so version 5 has no judge here.
"""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.peers.programs import JAVA, ofdrw
from tests.seal_room import MANDATE, ORIGINAL, PICTURE, PLACE, SEAL_CODE, SealRoom, Sm2Party, seal_holder, seal_maker
from verify.report import Outcome
from verify.seal_check import check_seal, check_seal_signature
from verify.seal_objects import SealVersion, read_seal, read_seal_signature

pytestmark = pytest.mark.peer("java", "mvn", "javac")

# The judge takes the clock of its machine, so everything is valid for long.
LONG = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2120, 1, 1, tzinfo=UTC)}
GOOD = ["signature.good", "issuer.trusted", "seal.good"]


@pytest.fixture(scope="module")
def room() -> SealRoom:
    """A seal maker and a bureau whose certificates are valid for a century."""
    authority = Sm2Party(name="national", is_authority=True, **LONG)  # type: ignore[arg-type]
    return SealRoom(root=authority, maker=seal_maker(authority, **LONG), bureau=seal_holder(authority, **LONG))


def ask(*words: object) -> list[str]:
    # Seals of 2014 carry the time as the clocks show it.
    command = [*JAVA, "-Duser.timezone=Asia/Shanghai", "-cp", ofdrw(), "yinzheng.Seals", *map(str, words)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.splitlines()


@pytest.fixture(scope="module")
def theirs(room: SealRoom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ofdrw made: seals and signatures of two generations."""
    folder = tmp_path_factory.mktemp("theirs")
    for name, party in (("maker", room.maker), ("signer", room.bureau)):
        (folder / f"{name}.key").write_bytes(party.sm2.to_pkcs8())
        (folder / f"{name}.cer").write_bytes(party.certificate)
    (folder / "picture.png").write_bytes(PICTURE.data)
    (folder / "original").write_bytes(ORIGINAL)
    ask("make", folder)
    return folder


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("v4.dat", SealVersion.V4),
        ("v4-digests.dat", SealVersion.V4),
        ("v1.dat", SealVersion.V1),
    ],
)
def test_their_signatures_pass_all_our_steps(room: SealRoom, theirs: Path, name: str, version: SealVersion) -> None:
    now = datetime.now(UTC)
    crl = room.root.revokes(issued_at=now, next_at=now + timedelta(days=1))

    read = read_seal_signature((theirs / name).read_bytes())
    found = check_seal_signature(read, ORIGINAL, room.trust, (crl,), at=now)

    assert [each.code for each in found] == GOOD, found
    assert (read.version, read.warnings, read.property_info) == (version, (), PLACE)
    assert (read.seal.code, read.seal.name, read.seal.picture.data) == (SEAL_CODE, "示例市行政审批局", PICTURE.data)
    assert timedelta(0) <= now - read.signed_at < timedelta(minutes=10)


@pytest.mark.parametrize("name", ["v4.esl", "v1.esl"])
def test_their_seals_pass_by_themselves(room: SealRoom, theirs: Path, name: str) -> None:
    now = datetime.now(UTC)
    crl = room.root.revokes(issued_at=now, next_at=now + timedelta(days=1))

    found = check_seal(read_seal((theirs / name).read_bytes()), room.trust, (crl,), at=now)

    assert [each.code for each in found] == ["seal.good"], found


def test_their_time_stamp_stands_where_ours_does(theirs: Path) -> None:
    read = read_seal_signature((theirs / "v4-stamped.dat").read_bytes())

    assert (read.timestamp, read.warnings) == (b"a token", ())


def test_another_original_is_refused_by_both(room: SealRoom, theirs: Path, tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(ORIGINAL + b" ")

    (said,) = ask("judge", tmp_path / "original", theirs / "v4.dat")
    found = check_seal_signature(
        read_seal_signature((theirs / "v4.dat").read_bytes()),
        ORIGINAL + b" ",
        room.trust,
        (),
        at=datetime.now(UTC),
    )

    assert said.startswith("bad ")
    assert [each.code for each in found if each.outcome is Outcome.FAILED] == ["seal.data_hash_wrong"]


def test_ofdrw_reads_ours_writes_the_same_bytes_and_finds_both_signatures_good(room: SealRoom, tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(ORIGINAL)
    ours = {
        "mandate.dat": room.sign(),
        "plain.dat": room.sign(mandate=None),
        "stamped.dat": room.sign(stamps=lambda _: b"a token"),
    }
    for name, data in ours.items():
        (tmp_path / name).write_bytes(data)

    said = ask("judge", tmp_path / "original", *(tmp_path / name for name in ours))

    assert [line.split()[0] for line in said] == ["good"] * 3, said
    assert all(line.split()[2:4] == [SEAL_CODE, PLACE] for line in said)
    assert f"#{MANDATE.encode().hex()}" in said[0]
    assert "#" not in said[1]


def test_a_changed_byte_of_ours_is_refused_by_ofdrw_too(room: SealRoom, tmp_path: Path) -> None:
    good = room.sign()
    changed = []
    (tmp_path / "original").write_bytes(ORIGINAL)
    for place in range(5, len(good), len(good) // 20):
        changed.append(tmp_path / f"{place}.dat")
        changed[-1].write_bytes(good[:place] + bytes((good[place] ^ 0x01,)) + good[place + 1 :])

    said = ask("judge", tmp_path / "original", *changed)

    assert [line.split()[0] for line in said] == ["bad"] * len(changed), said
