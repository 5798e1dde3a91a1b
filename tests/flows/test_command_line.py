"""The command line from outside: real processes in an empty folder, on both databases."""

import base64
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import SignatureCoverageLevel

from api.cli.offline import decode_public_key
from api.cli.program import run
from api.cli.start import load
from api.cli.strangers import altered, foreign
from api.clock import clock
from registry.catalogue import SAMPLE
from signer.sheets import read_sheet, write_sheet
from tests.databases import fresh_postgresql_url, postgresql_server
from tests.mutations import last_bit_changed
from verify.log_proof import LogReceipt, check_receipt
from verify.note import parse_verifier_key
from verify.ofd_package import read_package
from verify.sm2 import use_faster

__all__ = ["fresh_postgresql_url", "postgresql_server"]

NOW = clock()
FOOD_OFFICE = "1199999900000006XQ"
REVIEWER = f"reviewer-{FOOD_OFFICE}"
GROUNDS = ("--reason", "场所停业整改", "--legal-basis", "《食品安全法》第一百二十六条")
ISSUED = {
    "type_code": "11999999000000019M002",
    "holder_name": "滨海市望潮楼餐饮有限公司",
    "holder_kind": "organisation",
    "holder_code": "91999999N1M4GACN44",
    "valid_from": "2026-02-05",
    "valid_until": "2031-02-04",
    "item_code": f"{FOOD_OFFICE}3000131012000",
    "fields": {
        "KZ_FDDBR": "王䶮",
        "KZ_ZS": "滨海市新港区观澜大道196号海天广场B座17层",
        "KZ_JYCS": "滨海市新港区木棉路30号滨江万象城11层",
        "KZ_ZTYT": "餐饮服务经营者",
        "KZ_JYXM": "热食类食品制售\n冷食类食品制售",
        "KZ_RCJDJG": "滨海市市场监督管理局临江分局",
        "KZ_TSJBDH": "12315",
    },
}

SIGNBOARD_ISSUED = {
    "type_code": "11999999000000019M007",
    "holder_name": "滨海市望潮楼餐饮有限公司",
    "holder_kind": "organisation",
    "holder_code": "91999999N1M4GACN44",
    "valid_from": "2026-02-05",
    "valid_until": "2028-02-04",
    "item_code": "1199999900000005113000117015000",
    "fields": {
        "KZ_SZDD": "滨海市新港区木棉路30号",
        "KZ_ZPNR": "望潮楼",
        "KZ_ZPXS": "附着式",
        "KZ_GG": "6.0×1.2×0.2",
        "KZ_SL": "1",
    },
}

PROGRAM = str(Path(sys.executable).parent / "yinzheng")


@dataclass
class Terminal:
    """An empty folder in which somebody calls `yinzheng`; nobody sits there to answer a question.

    The program runs in this process, which saves the seconds that loading it takes; the demonstration's tests and those
    of the README call it as a process of its own.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment of a person who has set nothing but these settings."""
        ours = ("YINZHENG_", "LC_", "LANG")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(self.settings)

    def calls(self, *words: str, expect: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run a command and demand its exit code."""
        done = self._here(words, stdin)
        assert done.returncode == expect, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def _here(self, words: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as here, redirect_stdout(out), redirect_stderr(err):
            here.chdir(self.folder)
            for name in set(os.environ) - set(self.environment()):
                here.delenv(name)
            for name, value in self.settings.items():
                here.setenv(name, value)
            here.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            try:
                code = run(words, load(words))
            finally:
                use_faster(None)  # what a process chooses for itself is not for the tests behind
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def reads(self, *words: str, expect: int = 0, stdin: bytes = b"") -> list[dict[str, Any]]:
        """Run a command with `--json` and return its objects."""
        return [
            json.loads(line) for line in self.calls(*words, "--json", expect=expect, stdin=stdin).stdout.splitlines()
        ]

    def issues(self, *words: str, **changed: object) -> dict[str, Any]:
        """Issue a food business licence, approved by the reviewer."""
        application = json.dumps(ISSUED | changed).encode()
        (issued,) = self.reads("issue", "-", "--approved-by", REVIEWER, *words, stdin=application)
        return issued

    def verdict(self, *words: str, expect: int, stdin: bytes = b"") -> str:
        """Verify one thing and return its verdict."""
        (report,) = self.reads("verify", *words, expect=expect, stdin=stdin)
        verdict: str = report["verdict"]
        return verdict


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deployment that was just founded."""
    folder = tmp_path_factory.mktemp("founded")
    Terminal(folder).calls("init", "--test")
    return folder


@pytest.fixture
def terminal(founded: Path, tmp_path: Path) -> Terminal:
    """A terminal in a copy of the founded deployment."""
    folder = tmp_path / "office"
    shutil.copytree(founded, folder)
    return Terminal(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Terminal:
    """A terminal in an empty folder, with an empty database of each kind."""
    if request.param == "sqlite":
        return Terminal(tmp_path)
    url = request.getfixturevalue("fresh_postgresql_url")
    return Terminal(tmp_path, {"YINZHENG_DATABASE_URL": url})


def test_the_life_of_a_licence_from_init_to_its_end(empty: Terminal) -> None:
    (begun,) = empty.reads("init", "--test")
    refused = empty.calls("issue", "-", stdin=json.dumps(ISSUED).encode(), expect=2)
    first = empty.issues("-o", "first.pdf")
    assert "[draft.not_approved]" in refused.stderr
    assert begun["bearer"].startswith("sandbox-1.")
    assert empty.verdict("first.pdf", expect=0) == "valid"

    empty.calls("licence", "suspend", first["licence_id"], *GROUNDS, "--until", "2099年12月31日")
    assert empty.verdict("first.pdf", expect=3) == "suspended"
    empty.calls("licence", "reinstate", first["licence_id"], *GROUNDS)
    (second,) = empty.reads(
        "licence",
        "change",
        first["licence_id"],
        "--set",
        "法定代表人（负责人）=李𬭎",
        "--approved-by",
        REVIEWER,
        "-o",
        "second.pdf",
    )
    assert empty.verdict("first.pdf", expect=3) == "superseded"
    assert empty.verdict("second.pdf", expect=0) == "valid"
    empty.calls("licence", "revoke", second["licence_id"], *GROUNDS, "--reference", "示市监罚〔2026〕27号")
    assert empty.verdict(second["licence_id"], expect=3) == "revoked"
    empty.calls("licence", "suspend", second["licence_id"], *GROUNDS, expect=2)

    (shown,) = empty.reads("licence", "show", second["licence_id"])
    assert [each["event"] for each in shown["acts"]] == ["revoke"]
    assert shown["replaces"] == first["licence_id"]
    (audited,) = empty.reads("log", "audit")
    assert audited["discrepancy_count"] == 0
    assert audited["counts"]["licences"] == 2


def test_every_input_has_its_line_and_the_worst_one_ends_the_run(terminal: Terminal) -> None:
    terminal.issues("-o", "papers/good.pdf")
    good = (terminal.folder / "papers/good.pdf").read_bytes()
    (terminal.folder / "papers/altered.pdf").write_bytes(altered(good))
    (terminal.folder / "stranger.pdf").write_bytes(foreign(at=NOW))
    (terminal.folder / "note.txt").write_text("no licence")

    found = terminal.reads(
        "verify", "papers", "stranger.pdf", "note.txt", "absent.pdf", "0000-0000-0000-0000-0", expect=1
    )

    assert [(each["input"], each["verdict"]) for each in found] == [
        ("papers/altered.pdf", "tampered"),
        ("papers/good.pdf", "valid"),
        ("stranger.pdf", "unknown_issuer"),
        ("note.txt", "unreadable"),
        ("absent.pdf", None),
        ("0000-0000-0000-0000-0", found[-1]["verdict"]),
    ]
    assert found[4]["error"] == "cli.no_file"
    assert terminal.verdict("-", expect=0, stdin=good) == "valid"

    (terminal.folder / "added.pdf").write_bytes(good + b"\n% one line more\n")
    assert terminal.verdict("added.pdf", "--signed-revision", "signed.pdf", expect=1) == "tampered"
    assert (terminal.folder / "signed.pdf").read_bytes() == good
    refused = terminal.reads("verify", "papers/good.pdf", "--signed-revision", "none.pdf", expect=2)
    assert refused[-1]["error"] == "signed_revision.none"
    assert not (terminal.folder / "none.pdf").exists()
    terminal.calls("verify", "papers/good.pdf", "added.pdf", "--signed-revision", "none.pdf", expect=2)


def test_a_check_without_the_registry_says_what_it_could_not_check(terminal: Terminal) -> None:
    issued = terminal.issues("-o", "licence.pdf")
    terminal.calls("status", "publish")
    published = terminal.folder / "yinzheng-data/published"
    root = terminal.folder / "root.pem"
    terminal.calls("keys", "root", "-o", "root.pem")
    assert decode_public_key(root.read_bytes()) == trust_root(terminal)
    away = Terminal(terminal.folder / "away")
    away.folder.mkdir()
    shutil.copytree(published, away.folder / "published")
    offline = ("../licence.pdf", "--root", str(root))

    with_status = away.verdict(*offline, "--trust", "published", expect=0)
    without_status = away.verdict(*offline, "--trust", "published/trust-list.cbor", expect=4)
    with_list = away.verdict(
        *offline, "--trust", "published/trust-list.cbor", "--status", "published/status/1", "--crl",
        "published/authority.crl", expect=0,
    )  # fmt: skip
    pack = ("--trust", "published/pack/counter", "--crl", "published/authority.crl")
    with_pack = away.verdict(*offline, *pack, expect=0)
    terminal.calls("licence", "revoke", issued["licence_id"], *GROUNDS)
    terminal.calls("status", "publish")
    for name in ("status/1", "pack/counter"):
        shutil.copy(published / name, away.folder / "published" / name)
    ended = away.verdict(*offline, "--trust", "published", expect=3)
    ended_by_pack = away.verdict(*offline, *pack, expect=3)

    assert [with_status, without_status, with_list, with_pack] == ["valid", "status_unknown", "valid", "valid"]
    assert ended == ended_by_pack == "ended"


def test_a_checker_who_saw_a_newer_trust_list_is_not_served_an_older_one(terminal: Terminal) -> None:
    terminal.issues("-o", "licence.pdf")
    terminal.calls("status", "publish")
    terminal.calls("keys", "root", "-o", "root.pem")
    published = terminal.folder / "yinzheng-data/published"
    shutil.copytree(published, terminal.folder / "old")
    terminal.calls("keys", "publish")
    terminal.calls("status", "publish")
    check = ("verify", "licence.pdf", "--root", "root.pem", "--trust")

    terminal.calls(*check, "old")
    terminal.calls(*check, str(published))
    refused = terminal.calls(*check, "old", expect=2)

    assert "[trust_list.older]" in refused.stderr


def test_a_rewritten_log_ends_the_audit_with_5_and_names_the_first_leaf_that_differs(terminal: Terminal) -> None:
    terminal.issues()
    terminal.calls("log", "audit", "--since", "kept")
    kept = (terminal.folder / "kept").read_bytes()
    terminal.issues()
    appended, _ = terminal.reads("log", "audit", "--since", "kept")
    assert appended["appended"] == 4, "the use of the first one's seal, a code and two bodies"
    newer = (terminal.folder / "kept").read_bytes()
    assert newer != kept

    with closing(sqlite3.connect(terminal.folder / "yinzheng-data/registry.db")) as registry, registry:
        entry = registry.execute("SELECT entry FROM log_entry WHERE idx = 7").fetchone()[0]
        registry.execute("UPDATE log_entry SET entry = ? WHERE idx = 7", (last_bit_changed(entry),))

    rewritten = terminal.calls("log", "audit", "--since", "kept", "--lang", "en", expect=5)
    plain = terminal.calls("log", "audit", expect=5)
    assert "7" in rewritten.stderr
    assert "[log.rewritten]" in rewritten.stderr
    assert "✘" in plain.stdout
    assert (terminal.folder / "kept").read_bytes() == newer


def test_a_proof_of_the_log_stands_alone(terminal: Terminal) -> None:
    terminal.issues("-o", "licence.pdf")
    terminal.calls("status", "publish")

    (proven,) = terminal.reads("log", "prove", "licence.pdf")
    (head,) = terminal.reads("log", "checkpoint", "-o", "checkpoint")

    key = (terminal.folder / "yinzheng-data/published/log/log.vkey").read_text().strip()
    checkpoint = check_receipt(LogReceipt.from_text(proven["proof"]), (parse_verifier_key(key),))
    assert checkpoint.size == head["size"] > proven["leaf"]
    assert (terminal.folder / "checkpoint").read_text() == head["note"]
    terminal.calls("log", "prove", str(head["size"]), expect=2)


def test_an_auditor_checks_the_published_files_with_one_file_and_no_account(
    terminal: Terminal, repository: Path, tmp_path: Path
) -> None:
    terminal.issues("-o", "licence.pdf")
    terminal.calls("keys", "root", "-o", "root.pem")
    terminal.calls("log", "records", "--as", REVIEWER, "-o", "records.jsonl", expect=2)
    published = terminal.folder / "yinzheng-data/published"
    (drawn,) = terminal.reads("log", "records", "--as", "auditor-1", "-o", "records.jsonl")
    assert int((published / "log/checkpoint").read_text().split("\n")[1]) >= drawn["size"]
    terminal.calls("log", "report")
    words = (str(published), "--root", "root.pem", "--records", "records.jsonl", "--licences", "licence.pdf",
             "--seed", "dice", "--json")  # fmt: skip
    (checked,) = terminal.reads("log", "audit", *words, expect=4)

    built = subprocess.run(
        [sys.executable, "-c", f"import auditor_build, pathlib; print(auditor_build.build(pathlib.Path({str(tmp_path)!r})))"],
        cwd=repository, capture_output=True, text=True, check=True,
    )  # fmt: skip
    secret = terminal.folder / "passphrase"
    secret.write_text("dice\n")
    signing = (
        "--keep",
        "kept",
        "--package",
        "evidence.zip",
        "--sign",
        _auditors_key(terminal.folder),
        "--passphrase-file",
        str(secret),
    )
    alone = subprocess.run(
        [sys.executable, "-I", built.stdout.strip(), *words, *signing],
        cwd=terminal.folder, capture_output=True, text=True, check=False, env={"SHIV_ROOT": str(tmp_path / "unpacked")},
    )  # fmt: skip

    # Nobody witnesses this log: that cannot be checked, and all else holds.
    assert [each["code"] for each in checked["findings"]] == ["checker.witness_none"]
    assert (checked["complete"], len(checked["files"]), len(checked["files"][0]["leaves"])) == (True, 1, 1)
    told = json.loads(alone.stdout) | {"checked_at": checked["checked_at"]}
    assert (alone.returncode, told) == (4, checked)
    _judge_evidence(terminal.folder / "evidence.zip", published)
    bundle = next((published / "log/tile/entries").rglob("*.p/*"))
    bundle.write_bytes(last_bit_changed(bundle.read_bytes()))
    (broken,) = terminal.reads("log", "audit", *words, "--keep", "kept", expect=5)
    assert {each["code"] for each in broken["findings"]} >= {"checker.entry_changed"}
    assert broken["since"] == checked["size"]


def _auditors_key(folder: Path) -> str:
    """Write a PKCS#12 with a key of the auditor's own, and return its name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "审计局")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + timedelta(days=9)).sign(key, SHA256())
    path = folder / "auditor.p12"
    path.write_bytes(serialize_key_and_certificates(b"a", key, made, None, BestAvailableEncryption(b"dice")))
    return str(path)


def _judge_evidence(package: Path, published: Path) -> None:
    """Every file is named by its hash, the manifest by the signed paper, and each proof stands alone."""
    with zipfile.ZipFile(package) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    listed = dict(line.split("  ")[::-1] for line in files["MANIFEST"].decode().splitlines())
    assert listed == {
        name: sha256(content).hexdigest()
        for name, content in files.items()
        if name not in {"MANIFEST", "working-paper.pdf"}
    }
    key = parse_verifier_key((published / "log/log.vkey").read_text().strip())
    proofs = [content.decode() for name, content in files.items() if name.startswith("proofs/")]
    assert len(proofs) == 2, "the code that was drawn, and the document that was brought"
    assert {check_receipt(LogReceipt.from_text(each), (key,)).note for each in proofs} == {files["checkpoint"].decode()}
    (signature,) = PdfFileReader(io.BytesIO(files["working-paper.pdf"])).embedded_signatures
    signature.compute_integrity_info()
    assert signature.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    found = validate_sig_integrity(
        signature.signer_info,
        signature.signer_cert,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    assert found == (True, True)
    assert sha256(files["MANIFEST"]).hexdigest().encode() in files["working-paper.pdf"]


def test_a_sheet_is_checked_first_and_its_bad_rows_come_back_to_be_mended(terminal: Terminal, repository: Path) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds = sheet.headings.index("证照类型")
    rows = [list(row.cells) for row in sheet.rows if row.cells[kinds] == "户外招牌设置许可证"][:5]
    code = sheet.headings.index("证件号码")
    right = rows[2][code]
    rows[2][code] = right[:-1] + ("0" if right[-1] != "0" else "1")
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows))

    (checked,) = terminal.reads("batch", "check", "sheet.csv", expect=2)
    terminal.calls("batch", "run", "sheet.csv", expect=2)
    assert (checked["rows"], checked["good"], checked["problems"][0]["code"]) == (5, 4, "field.uscc")
    assert terminal.calls("licence", "list").stdout.count("\n") == 1

    done = terminal.reads("batch", "run", "sheet.csv", "--good-rows", "-o", "bad.csv")[-1]
    assert (done["issued"], done["refused"], done["state"]) == (4, 0, "done")
    bad = read_sheet((terminal.folder / "bad.csv").read_bytes())
    assert bad.headings[-2:] == ("问题", "Problems")
    mended = [right if index == code else cell for index, cell in enumerate(bad.rows[0].cells)]
    (terminal.folder / "mended.csv").write_bytes(write_sheet(bad.headings, [mended]))
    terminal.calls("batch", "run", "mended.csv")

    assert len(terminal.reads("licence", "list")) == 5
    assert [each["issued"] for each in terminal.reads("batch", "status")] == [1, 4]


def test_a_batch_waits_for_its_reviewer_and_goes_on_where_it_was_stopped(terminal: Terminal, repository: Path) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds = sheet.headings.index("证照类型")
    rows = [row.cells for row in sheet.rows if row.cells[kinds] == "营业执照" and "𠮷" not in "".join(row.cells)][:3]
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows))

    refused = terminal.calls("batch", "run", "sheet.csv", "--lang", "en", expect=2)
    (waiting,) = terminal.reads("batch", "status")
    going_on = ("batch", "run", "--continue", waiting["batch_id"])
    terminal.calls(*going_on, "--approved-by", f"officer-{FOOD_OFFICE}", expect=2)
    done = terminal.reads(*going_on, "--approved-by", REVIEWER)[-1]

    assert f"--continue {waiting['batch_id']}" in refused.stderr
    assert (waiting["issued"], done["issued"]) == (0, 3)
    assert terminal.reads(*going_on, "--approved-by", REVIEWER)[-1]["issued"] == 3


def test_a_sheet_that_was_sent_before_issues_nothing_twice(terminal: Terminal, repository: Path) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds, numbers = sheet.headings.index("证照类型"), sheet.headings.index("证照编号")
    rows = [row.cells for row in sheet.rows if row.cells[kinds] == "户外招牌设置许可证" and not row.cells[numbers]]
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows[:2]))
    (first,) = terminal.reads("batch", "run", "sheet.csv")

    refused = terminal.calls("batch", "run", "sheet.csv", "--lang", "en", expect=2)
    (terminal.folder / "longer.csv").write_bytes(write_sheet(sheet.headings, rows[:3]))
    terminal.calls("batch", "run", "longer.csv", expect=2)

    assert first["batch_id"] in refused.stderr
    assert "[cli.sent_before]" in refused.stderr
    assert len(terminal.reads("licence", "list")) == 2
    terminal.calls("batch", "run", "sheet.csv", "--again")
    assert len(terminal.reads("licence", "list")) == 4


def test_a_batch_that_was_stopped_is_issued_no_more_and_its_rows_may_be_sent_again(
    terminal: Terminal, repository: Path
) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds = sheet.headings.index("证照类型")
    rows = [row.cells for row in sheet.rows if row.cells[kinds] == "营业执照" and "𠮷" not in "".join(row.cells)][:1]
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows))
    terminal.calls("batch", "run", "sheet.csv", expect=2)
    (waiting,) = terminal.reads("batch", "status")

    (stopped,) = terminal.reads("batch", "cancel", waiting["batch_id"])
    done = terminal.reads("batch", "run", "sheet.csv", "--approved-by", REVIEWER)[-1]

    assert (stopped["state"], done["issued"]) == ("cancelled", 1)


def test_a_sheet_whose_office_has_no_reviewer_named_is_refused_before_anything_is_saved(
    terminal: Terminal, repository: Path
) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds = sheet.headings.index("证照类型")
    rows = [row.cells for row in sheet.rows if row.cells[kinds] == "营业执照" and "𠮷" not in "".join(row.cells)][:1]
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows))

    other = "reviewer-11999999000000078Q"
    refused = terminal.calls("batch", "run", "sheet.csv", "--approved-by", other, "--lang", "en", expect=2)

    assert "[cli.reviewer_missing]" in refused.stderr
    assert REVIEWER in refused.stderr
    assert terminal.reads("batch", "status") == []


def test_bad_rows_come_back_as_the_workbook_that_was_asked_for(terminal: Terminal, repository: Path) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    code = sheet.headings.index("证件号码")
    cells = list(sheet.rows[0].cells)
    cells[code], cells[1] = "990101199201261227", "=1+1"
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, [cells]))

    terminal.calls("batch", "check", "sheet.csv", "-o", "bad.xlsx", expect=2)
    bad = read_sheet((terminal.folder / "bad.xlsx").read_bytes())

    assert (terminal.folder / "bad.xlsx").read_bytes()[:2] == b"PK"
    assert bad.headings == (*sheet.headings, "问题", "Problems")
    assert (bad.rows[0].cells[code], bad.rows[0].cells[1]) == ("990101199201261227", "=1+1")


@contextmanager
def reader_waits_for(file: Path) -> Iterator[Callable[[], bool]]:
    """Make whoever reads this file wait until the end of the block, and tell whether somebody does."""
    kept = file.with_name(f".{file.name}")
    file.rename(kept)
    os.mkfifo(file, 0o600)
    with ExitStack() as stack:
        stack.callback(kept.replace, file)

        def is_reached() -> bool:
            with suppress(OSError):  # without a reader there is no writer
                stack.callback(os.close, os.open(file, os.O_WRONLY | os.O_NONBLOCK))
                return True
            return False

        yield is_reached


@contextmanager
def programs_hear_interruptions() -> Iterator[None]:
    """Let a program that is started here be interrupted, also when a shell started this one in the background.

    Such a shell has its programs ignore interruptions, and they hand that on to theirs.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def open_intents(terminal: Terminal) -> int:
    """Return how many signatures are announced in the log and neither filed nor abandoned."""
    with closing(sqlite3.connect(terminal.folder / "yinzheng-data/registry.db")) as registry:
        (found,) = registry.execute("SELECT count(*) FROM intent WHERE state = 'open'").fetchone()
    return int(found)


def test_a_batch_that_is_interrupted_goes_on_at_once_and_issues_no_row_twice(
    terminal: Terminal, repository: Path
) -> None:
    sheet = read_sheet((repository / "examples/applications.csv").read_bytes())
    kinds, numbers = sheet.headings.index("证照类型"), sheet.headings.index("证照编号")
    rows = [row.cells for row in sheet.rows if row.cells[kinds] == "户外招牌设置许可证" and not row.cells[numbers]]
    (terminal.folder / "sheet.csv").write_bytes(write_sheet(sheet.headings, rows))
    with reader_waits_for(terminal.folder / "yinzheng-data/keys/timestamp.deployment-1.pem") as is_reached:
        with programs_hear_interruptions():
            running = subprocess.Popen(
                [PROGRAM, "batch", "run", "sheet.csv", "--lang", "en"],
                cwd=terminal.folder, env=terminal.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True,
            )  # fmt: skip
        while not is_reached() and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)

    assert running.returncode == 130, said
    assert f"Issuing 0 / {len(rows)}\n" in said
    assert open_intents(terminal) == 3 * len(rows)  # of code, document and seal
    (begun,) = terminal.reads("batch", "status")
    done = terminal.reads("batch", "run", "--continue", begun["batch_id"])[-1]

    assert begun["batch_id"] in said
    assert (begun["issued"], done["issued"], done["refused"]) == (0, len(rows), 0)
    assert len(terminal.reads("licence", "list")) == len(rows)
    assert terminal.reads("log", "audit")[0]["discrepancy_count"] == 0


def test_a_worker_issues_what_waits_and_ends_when_told_to(terminal: Terminal) -> None:
    terminal.calls("worker", "--until-idle")
    started = subprocess.Popen(
        [PROGRAM, "worker", "--lang", "en"],
        cwd=terminal.folder, env=terminal.environment(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stderr is not None
    assert any("Working" in line for line in started.stderr)
    started.send_signal(signal.SIGTERM)

    assert started.wait(timeout=60) == 0
    started.stderr.close()


def test_a_data_folder_keeps_itself_out_of_a_repository_around_it(terminal: Terminal) -> None:
    assert (terminal.folder / "yinzheng-data/.gitignore").read_text() == "*\n"


def test_many_inputs_are_summed_up_and_a_long_code_is_not_repeated(terminal: Terminal) -> None:
    issued = terminal.issues("-o", "one.pdf")
    text = f"https://127.0.0.1:8000/v/{issued['licence_id']}#{'1' * 700}"

    told = terminal.calls("verify", "one.pdf", text, "--lang", "en", expect=2)

    assert "2 checked: 1 in force, 0 genuine, not in force, 0 not genuine, 1 other" in told.stderr
    assert "1" * 20 not in told.stdout


def test_a_pdf_an_ofd_and_a_code_are_told_to_be_one_licence_or_two(terminal: Terminal) -> None:
    first, second = terminal.issues("-o", "one.pdf"), terminal.issues("-o", "two.pdf")
    for each, name in ((first, "one.ofd"), (second, "two.ofd")):
        terminal.calls("licence", "document", each["licence_id"], "-o", name)
    code = read_package((terminal.folder / "one.ofd").read_bytes()).files["Doc_0/Attachs/code.txt"].decode()

    *reports, one = terminal.reads("verify", "one.pdf", "one.ofd", code)
    *_, two = terminal.reads("verify", "one.pdf", "two.ofd")
    told = terminal.calls("verify", "one.ofd").stdout

    assert [each["verdict"] for each in reports] == ["valid"] * 3
    assert (one["same_licence"], one["code"]) == (True, "contents.same_licence")
    assert (two["same_licence"], two["code"]) == (False, "contents.other_licence")
    assert "印章编码" in told
    assert "经办人角色：发证人员" in told


def test_a_catalogue_says_which_bodies_a_type_has(tmp_path: Path) -> None:
    """One type with an OFD alone, one with a PDF alone, the rest with both."""
    office = Terminal(tmp_path)
    content = SAMPLE.read_text(encoding="utf-8")
    for issued, form in ((ISSUED, "ofd"), (SIGNBOARD_ISSUED, "pdf")):
        code = f'code = "{issued["type_code"]}"\n'
        assert content.count(code) == 1
        content = content.replace(code, f'{code}bodies = ["{form}"]\n')
    (tmp_path / "catalogue.toml").write_text(content, encoding="utf-8")
    office.calls("init", "--test", "--catalogue", "catalogue.toml")

    food = office.issues("-o", "food.ofd")
    (signboard,) = office.reads("issue", "-", "-o", "signboard.pdf", stdin=json.dumps(SIGNBOARD_ISSUED).encode())

    assert office.verdict("food.ofd", expect=0) == office.verdict("signboard.pdf", expect=0) == "valid"
    for issued, has, lacks in ((food, "ofd", "pdf"), (signboard, "pdf", "ofd")):
        office.calls("licence", "document", issued["licence_id"], "-o", f"again.{has}")
        original = {"ofd": "food.ofd", "pdf": "signboard.pdf"}[has]
        assert (tmp_path / f"again.{has}").read_bytes() == (tmp_path / original).read_bytes()
        refused = office.calls("licence", "document", issued["licence_id"], "-o", f"never.{lacks}", expect=2)
        assert "[licence.no_such_body]" in refused.stderr
        assert not (tmp_path / f"never.{lacks}").exists()
    (audited,) = office.reads("log", "audit", "--documents")
    assert (audited["discrepancy_count"], audited["counts"]["documents"]) == (0, 2)


def test_the_grounds_of_a_suspension_that_is_over_are_not_told_any_more(terminal: Terminal) -> None:
    issued = terminal.issues("-o", "one.pdf")
    grounds = ("--reason", "理由", "--legal-basis", "食品安全法第一百二十六条")
    terminal.calls("licence", "suspend", issued["licence_id"], *grounds)
    suspended = terminal.calls("verify", "one.pdf", expect=3)
    shown = terminal.calls("licence", "reinstate", issued["licence_id"], *grounds)

    assert "第一百二十六条" in suspended.stdout
    assert "第一百二十六条" not in terminal.calls("verify", "one.pdf").stdout
    assert "  暂扣  理由" in shown.stdout


def test_a_deployment_is_founded_once_and_keeps_its_secrets(terminal: Terminal) -> None:
    again = terminal.calls("init", expect=2)
    secret = (terminal.folder / "yinzheng-data/passphrase").read_text().strip()
    (added,) = terminal.reads("client", "add", "till-7", "--department", FOOD_OFFICE, "--role", "counter")
    listed = terminal.calls("client", "list")
    terminal.calls("client", "close", "till-7")

    assert "[cli.deployment_exists]" in again.stderr
    assert (terminal.folder / "yinzheng-data/passphrase").stat().st_mode & 0o777 == 0o600
    bearer = added["bearer"].removeprefix("till-7.")
    assert bearer
    assert "till-7" in listed.stdout
    assert not {bearer, secret} & set(listed.stdout.split())
    assert "till-7" not in terminal.calls("client", "list").stdout


def test_a_passphrase_that_others_can_read_opens_no_key(terminal: Terminal) -> None:
    (terminal.folder / "yinzheng-data/passphrase").chmod(0o644)

    refused = terminal.calls("log", "audit", expect=2)
    ill = [each for each in terminal.reads("doctor", "--lang", "en", expect=2) if not each["good"]]

    assert "[settings.wrong]" in refused.stderr
    assert "chmod 600" in refused.stderr
    assert [("chmod 600" in each["found"], "init" in each["cure"]) for each in ill] == [(True, False)]


def test_a_misspelt_setting_stops_the_run_and_is_named(terminal: Terminal) -> None:
    wrong = Terminal(terminal.folder, {"YINZHENG_PUBLIC_ADRESS": "https://x.example"})

    assert "YINZHENG_PUBLIC_ADRESS" in wrong.calls("licence", "list", expect=2).stderr


def test_the_doctor_finds_a_new_deployment_healthy_and_names_the_cure_of_a_sick_one(terminal: Terminal) -> None:
    healthy = terminal.reads("doctor")
    (terminal.folder / "yinzheng-data/passphrase").write_text("another passphrase\n")
    sick = terminal.reads("doctor", "--lang", "en", expect=2)
    nowhere = Terminal(terminal.folder / "nowhere")
    nowhere.folder.mkdir()

    assert {each["good"] for each in healthy} == {True}
    assert [each["check"] for each in sick if not each["good"]] == ["keys can be opened"]
    assert "yinzheng init" in nowhere.calls("doctor", "--lang", "en", expect=2).stdout


def test_a_wrong_call_is_explained_and_ends_with_2(terminal: Terminal) -> None:
    for words in (("no-such-command",), ("verify",), ("licence", "show", "x"), ("issue", "absent.json"), ("--lang", "fr", "doctor"), ("verify", "x", "--trust", "y")):  # fmt: skip
        assert terminal.calls(*words, expect=2).stderr

    assert terminal.calls("issue", "-", stdin=b"{", expect=2).stderr.count("[cli.json_malformed]") == 1
    missing = terminal.calls("issue", "-", stdin=b'{"type_code": "x", "more": 1}', expect=2).stderr
    assert "holder_name" in missing
    assert "more" in missing


def test_the_public_server_answers_without_any_key(terminal: Terminal) -> None:
    issued = terminal.issues()
    shutil.rmtree(terminal.folder / "yinzheng-data/keys")
    (terminal.folder / "yinzheng-data/passphrase").unlink()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with served(terminal, "--public", port) as address:
        answer = httpx.get(f"{address}/api/v1/checks/{issued['licence_id']}")

    assert answer.status_code == 200
    assert answer.json()["verdict"] == "valid"


def test_the_server_says_that_it_serves_only_when_its_port_answers(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [PROGRAM, "serve", "--public", "--lang", "en", "--port", port]
        failed = subprocess.run(
            words, cwd=terminal.folder, env=terminal.environment(), capture_output=True, check=False, timeout=120
        )
    server = subprocess.Popen(
        words, cwd=terminal.folder, env=terminal.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert server.stderr is not None
        said = next(line for line in server.stderr if b"Serving" in line)
        answer = httpx.get(f"http://127.0.0.1:{port}/log/checkpoint")
    finally:
        server.terminate()
        server.communicate(timeout=60)

    assert failed.returncode != 0
    assert b"Serving" not in failed.stderr
    assert port.encode() in said
    assert answer.status_code in {200, 404}


def test_an_outside_authority_certifies_a_key_and_its_licences_are_good(terminal: Terminal) -> None:
    key = f"document.{FOOD_OFFICE}-1"
    terminal.calls("keys", "request", key, "-o", "request.pem")
    request = x509.load_pem_x509_csr((terminal.folder / "request.pem").read_bytes())
    for name, content in outside_answer(request).items():
        (terminal.folder / name).write_bytes(content)
    install = ("keys", "install", key, "chain.pem", "--roots", "roots.pem", "--as", "administrator-1")

    terminal.calls(*install, "--approved-by", "administrator-1", expect=2)
    terminal.calls(*install, "--approved-by", f"officer-{FOOD_OFFICE}", expect=2)
    terminal.calls(*install, "--approved-by", "administrator-2")
    refused = terminal.calls("issue", "-", "--approved-by", REVIEWER, stdin=json.dumps(ISSUED).encode(), expect=2)
    terminal.calls("keys", "revocation", "roots.pem", expect=2)
    terminal.calls("keys", "revocation", "list.crl")
    terminal.issues("-o", "licence.pdf")

    revoke = ("keys", "revoke", key, "--reason", "superseded", "--as", "administrator-1")
    not_ours = terminal.calls(*revoke, "--approved-by", "administrator-2", expect=2)

    assert request.is_signature_valid
    assert "[certificate.outside]" in not_ours.stderr
    assert "issuer.revocation_unknown" in refused.stderr
    assert key in terminal.calls("keys", "list").stdout
    assert terminal.verdict("licence.pdf", expect=0) == "valid"


def test_a_revoked_certificate_stands_in_the_published_list_and_signs_nothing_more(terminal: Terminal) -> None:
    key = f"document.{FOOD_OFFICE}-1"
    terminal.issues("-o", "licence.pdf")
    time.sleep(1)  # lists tell seconds: what was signed in the second of the revocation counts as signed after it
    revoke = ("keys", "revoke", key, "--reason", "superseded", "--as", "administrator-1", "--approved-by")

    terminal.calls(*revoke, "administrator-1", expect=2)
    terminal.calls(*revoke, f"officer-{FOOD_OFFICE}", expect=2)
    for other in (f"code.{FOOD_OFFICE}-1", "authority.deployment-1", f"document.{FOOD_OFFICE}-2"):
        terminal.calls(*(other if word == key else word for word in revoke), "administrator-2", expect=2)
    published = terminal.folder / "yinzheng-data/published/authority.crl"
    (revoked,) = terminal.reads(*revoke, "administrator-2")
    listed = x509.load_der_x509_crl(published.read_bytes())
    refused = terminal.calls("issue", "-", "--approved-by", REVIEWER, stdin=json.dumps(ISSUED).encode(), expect=2)

    assert revoked == {"key": key, "reason": "superseded", "revocation_lists": 2}
    (entry,) = listed
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.superseded
    assert "[issue.signing_key]" in refused.stderr
    assert terminal.verdict("licence.pdf", expect=0) == "valid"
    assert terminal.reads("log", "audit")[0]["discrepancy_count"] == 0


PERSONS = ("--as", "administrator-1", "--approved-by", "administrator-2")


def test_a_stolen_key_is_cut_off_then_rotated_and_only_what_the_log_knew_stays_good(terminal: Terminal) -> None:
    code, document = f"code.{FOOD_OFFICE}-1", f"document.{FOOD_OFFICE}-1"
    old = terminal.issues("-o", "old.pdf")
    size = terminal.reads("log", "checkpoint")[0]["size"]
    late = terminal.issues("-o", "late.pdf", holder_name="滨海市后到餐饮有限公司")
    cut = ("keys", "compromised", document, "--cut-off", str(size))

    unsure = terminal.calls(*cut, "--confirm", code, *PERSONS, expect=2)
    alone = terminal.calls(*cut, "--confirm", document, *PERSONS[:3], "administrator-1", "--lang", "en", expect=2)
    far = terminal.calls(*cut[:-1], "999999", "--confirm", document, *PERSONS, expect=2)
    (done,) = terminal.reads(*cut, "--confirm", document, *PERSONS)
    refused = terminal.calls("issue", "-", "--approved-by", REVIEWER, stdin=json.dumps(ISSUED).encode(), expect=2)
    (turned,) = terminal.reads("keys", "rotate", document, *PERSONS)
    said = terminal.calls("keys", "rotate", code, *PERSONS, "--lang", "en").stdout
    terminal.issues("-o", "new.pdf", holder_name="滨海市新城餐饮有限公司")

    assert "--confirm" in unsure.stderr
    assert "[ceremony.two_persons]" in alone.stderr
    assert "[key.cut_off]" in far.stderr
    assert done["cut_off"][1] == size
    assert "[issue.signing_key]" in refused.stderr
    assert (turned["key"], turned["before"]) == (f"document.{FOOD_OFFICE}-2", document)
    assert turned["trust_list"] > done["trust_list"]
    assert f"New key code.{FOOD_OFFICE}-2" in said
    assert old["licence_id"] != late["licence_id"]
    assert [terminal.verdict(f"{name}.pdf", expect=code) for name, code in (("old", 0), ("late", 5), ("new", 0))] == [
        "valid",
        "not_in_log",
        "valid",
    ]
    (audit,) = terminal.reads("log", "audit", expect=5)
    assert audit["discrepancies"] == [{"code": "audit.document", "params": {"licence_id": late["licence_id"]}}]


def test_keys_that_are_pinned_superseded_or_stolen_are_neither_rotated_nor_certified(terminal: Terminal) -> None:
    document = f"document.{FOOD_OFFICE}-1"
    for word, key in (("rotate", "trust_list.deployment-1"), ("certify", f"code.{FOOD_OFFICE}-1")):
        refused = terminal.calls("keys", word, key, *PERSONS, expect=2)
        assert "[key.act]" in refused.stderr
    terminal.calls("keys", "rotate", document, *PERSONS)
    again = terminal.calls("keys", "rotate", document, *PERSONS, expect=2)
    terminal.calls("keys", "revoke", f"document.{FOOD_OFFICE}-2", "--reason", "superseded", *PERSONS)
    (certified,) = terminal.reads("keys", "certify", f"document.{FOOD_OFFICE}-2", *PERSONS)
    terminal.issues("-o", "licence.pdf")
    time.sleep(1.1)  # what was signed in the very second of the revocation is not believed
    terminal.calls("keys", "revoke", f"document.{FOOD_OFFICE}-2", "--reason", "key_compromise", *PERSONS)

    stolen = terminal.calls("keys", "certify", f"document.{FOOD_OFFICE}-2", *PERSONS, expect=2)

    assert "[key.missing]" in again.stderr
    assert certified["key"] == f"document.{FOOD_OFFICE}-2"
    assert "[key.act]" in stolen.stderr
    assert terminal.reads("log", "audit")[0]["discrepancy_count"] == 0


def test_fonts_and_templates_are_looked_at_before_they_are_used(terminal: Terminal, repository: Path) -> None:
    (terminal.folder / "broken.ttf").write_bytes(b"\x00\x01\x00\x00 no font")
    refused = terminal.calls("fonts", "add", "broken.ttf", expect=2)
    terminal.calls("fonts", "add", str(repository / "signer/fonts/NotoSansSC-Regular.ttf"))
    terminal.calls("template", "preview", "teacher_certificate", "-o", "preview.pdf")

    assert "[cli.font_malformed]" in refused.stderr
    assert [path.name for path in (terminal.folder / "yinzheng-data/fonts").iterdir()] == ["NotoSansSC-Regular.ttf"]
    assert (terminal.folder / "preview.pdf").read_bytes().startswith(b"%PDF-1.7")
    terminal.calls("template", "preview", "no_such_template", "-o", "x.pdf", expect=2)


def test_a_licence_is_sealed_for_the_long_term_and_stays_good(terminal: Terminal) -> None:
    issued = terminal.issues("-o", "filed.pdf")
    terminal.calls("licence", "long-term", issued["licence_id"], "-o", "sealed.pdf")
    terminal.calls("licence", "document", issued["licence_id"], "--long-term", "-o", "again.pdf")

    filed, sealed = ((terminal.folder / name).read_bytes() for name in ("filed.pdf", "sealed.pdf"))
    assert sealed.startswith(filed)
    assert len(sealed) > len(filed)
    assert (terminal.folder / "again.pdf").read_bytes() == sealed
    assert terminal.verdict("sealed.pdf", expect=0) == "valid"


def trust_root(terminal: Terminal) -> bytes:
    """Return the public key that signs the trust list, from the head of its key file."""
    text = next((terminal.folder / "yinzheng-data/keys").glob("trust_list.*.key")).read_text()
    line = next(line for line in text.splitlines() if line.startswith("Public-Key: "))
    return base64.b64decode(line.removeprefix("Public-Key: "))


@contextmanager
def served(terminal: Terminal, option: str, port: int) -> Iterator[str]:
    """Run `yinzheng serve` until the block ends."""
    server = subprocess.Popen(
        [PROGRAM, "serve", option, "--port", str(port)],
        cwd=terminal.folder, env=terminal.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                httpx.get(f"{address}/log/checkpoint")
                break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


def outside_answer(request: x509.CertificateSigningRequest) -> dict[str, bytes]:
    """Return what an outside authority answers: a chain for the request, its root, and its revocation list."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outside authority")])
    begins, ends = NOW - timedelta(days=1), NOW + timedelta(days=365)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(1).not_valid_before(begins).not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, SHA256())
    )  # fmt: skip
    signs = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    leaf = (
        x509.CertificateBuilder().subject_name(request.subject).issuer_name(name).public_key(request.public_key())
        .serial_number(2).not_valid_before(begins).not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
        .sign(private, SHA256())
    )  # fmt: skip
    pem = root.public_bytes(Encoding.PEM)
    revoked = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(begins).next_update(ends)
    return {
        "chain.pem": leaf.public_bytes(Encoding.PEM) + pem,
        "roots.pem": pem,
        "list.crl": revoked.sign(private, SHA256()).public_bytes(Encoding.PEM),
    }


def test_a_backup_that_is_behind_is_mended_and_the_log_goes_on_under_the_next_name(terminal: Terminal) -> None:
    data, following = terminal.folder / "yinzheng-data", "127.0.0.1:8000/log/2027"
    shutil.copy(data / "registry.db", data / "monday.db")
    lost = terminal.issues("-o", "lost.pdf")
    terminal.calls("status", "publish")
    for left in data.glob("registry.db-*"):
        left.unlink()
    shutil.move(data / "monday.db", data / "registry.db")
    application = json.dumps(ISSUED).encode()

    refused = terminal.calls("issue", "-", "--approved-by", REVIEWER, "--lang", "en", stdin=application, expect=5)
    told, *acts = terminal.reads("log", "recover")
    unsure = terminal.calls("log", "turn", following, "--confirm", "another", expect=2)
    (turned,) = terminal.reads("log", "turn", following, "--confirm", following)
    newer = terminal.issues("-o", "newer.pdf")
    (audit,) = terminal.reads("log", "audit")
    terminal.calls("status", "publish")
    terminal.calls("log", "export", "public")

    assert "[log.behind]" in refused.stderr
    assert "yinzheng log recover" in refused.stderr
    assert (told["ended"], len(acts)) == ([], told["entries"])
    assert {each["licence_id"] for each in acts if each["document"] is not None} == {lost["licence_id"]}
    assert newer["number"] != lost["number"]
    assert "--confirm" in unsure.stderr
    assert (turned["before"], turned["origin"]) == ("127.0.0.1:8000/log", following)
    assert (audit["origin"], audit["discrepancy_count"], audit["counts"]["recovered"]) == (following, 0, len(acts))
    assert terminal.verdict("newer.pdf", expect=0) == "valid"
    published, exported = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}
        for folder in (data / "published", terminal.folder / "public")
    )
    assert exported.items() <= published.items(), "made anew from the database alone, byte for byte"
    assert {path.parent.suffix for path in published.keys() - exported.keys()} == {".p"}, "of checkpoints before"


def test_a_holder_is_given_a_code_to_look_at_and_show_their_own_licences(terminal: Terminal) -> None:
    issued = terminal.issues()["licence_id"]

    (given,) = terminal.reads("licence", "holder-code", issued)

    assert [len(each) for each in given["code"].split("-")] == [4, 4, 4, 4]
    assert given["address"].endswith("/holder")
