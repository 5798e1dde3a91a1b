"""What AUDIT.md says is enough: its own lines, run by Python and openssl alone, check a published log and see a change."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis, intents, signed_note
from verify.algorithms import der_to_raw, key_identifier
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.note import verifier_key_text
from verify.trust import TrustList, assemble_trust_list, trust_list_to_be_signed

ROOT: Final = Path(__file__).parent.parent
LINES: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SEED: Final = "4711"
# Nothing of this project, nor of what it is installed with: the folder of the test, and the standard library.
ALONE: Final = ("-I", "-S")


@dataclass(frozen=True)
class Copy:
    """A copy of a published log of three bundles, as an auditor made it, and the key that was pinned long ago."""

    folder: Path
    log: SmallLog
    page: Path

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def by_hand(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *ALONE, str(self.page), str(self.published), str(self.folder / "root.pem"), SEED]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def by_checker(self) -> AuditResult:
        scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=BEGINS + timedelta(days=1), seed=SEED, sample_size=25)
        return LogAudit(scope, self.log).run(progress=lambda _done, _all: None, save=lambda _state: None)


def root_of(page: str) -> str:
    (lines,) = LINES.findall((ROOT / page).read_text(encoding="utf-8"))
    return str(lines)


@pytest.fixture
def copied(tmp_path: Path) -> Copy:
    root = ec.derive_private_key(7, ec.SECP256R1())
    spki = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trust = TrustList(
        sequence=1, issued_at=BEGINS, expires_at=BEGINS + timedelta(days=9), issuers=(),
        log_policy=f"log {verifier_key_text(ORIGIN, VERIFIER.public)}\nquorum none\n",
    )  # fmt: skip
    kid = key_identifier(spki)
    signed = trust_list_to_be_signed(trust, kid)
    announced = {1: "trust_list", 2: kid}
    entries = [
        genesis(),
        LogEntry(kind=EntryKind.INTENT, time=BEGINS, digest=sha256(signed).digest(), detail=announced).encode(),
        *intents(500),
        *intents(50, first_second=100, purpose="document"),
        LogEntry(kind=EntryKind.RECEIPT, time=BEGINS + timedelta(hours=10), digest=bytes(32)).encode(),
        *intents(3, first_second=13 * 3600),
    ]
    log = SmallLog.of(entries)
    signature = der_to_raw(root.sign(signed, ec.ECDSA(SHA256())))
    log.files["trust-list.cbor"] = assemble_trust_list(trust, kid, signature)
    for path, content in log.files.items():
        (tmp_path / "published" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "published" / path).write_bytes(content)
    pem = root.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "root.pem").write_bytes(pem)
    (tmp_path / "hand.py").write_text(root_of("AUDIT.md"), encoding="utf-8")
    return Copy(folder=tmp_path, log=log, page=tmp_path / "hand.py")


def test_both_pages_have_the_same_lines() -> None:
    assert root_of("AUDIT.md") == root_of("AUDIT.zh-CN.md")


def test_the_pages_lines_find_what_the_checker_finds(copied: Copy) -> None:
    ended, checked = copied.by_hand(), copied.by_checker()

    assert (ended.returncode, ended.stderr) == (0, "")
    told = ended.stdout.splitlines()
    assert told[-1] == " ".join(map(str, ("sample", *checked.judge.sample.drawn())))
    nights = [line.split()[1] for line in told if line.startswith("night")]
    assert nights == [each["index"] for each in checked.findings.lists["outside_hours"]] == ["553", "554", "555"]


def flipped(path: str) -> Callable[[Copy], None]:
    def change(copied: Copy) -> None:
        file = copied.published / path
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    return change


def forked(copied: Copy) -> None:
    note = signed_note(copied.log.size, sha256(b"another").digest())
    (copied.published / "log/checkpoint").write_text(note, encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [flipped("log/tile/entries/001"), flipped("log/tile/0/000"), flipped("log/tile/1/000.p/2"),
     flipped("log/tile/entries/002.p/44"), flipped("log/checkpoint"), flipped("trust-list.cbor"), forked],
    ids=["entry", "tile", "upper tile", "last bundle", "checkpoint", "trust list", "another root"],
)  # fmt: skip
def test_the_pages_lines_stop_where_something_was_changed(copied: Copy, change: Callable[[Copy], None]) -> None:
    change(copied)

    assert copied.by_hand().returncode != 0


def test_the_sample_of_the_page_is_drawn_with_a_shell(copied: Copy) -> None:
    """Each of two lines ends; the third does not."""
    root = copied.log.root.hex()
    for page in ("AUDIT.md", "AUDIT.zh-CN.md"):
        (words,) = re.findall(r"`(printf [^`]+)`", (ROOT / page).read_text(encoding="utf-8"))
        command = words.replace("c0ffee…", root)
        shell = subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, text=True)
        assert shell.stdout.split()[0] == sha256(f"4711\n{root}\n62".encode()).hexdigest()
