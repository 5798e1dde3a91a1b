"""The reader of strangers' files: what it answers, what it may not do, and what happens when a file breaks it."""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from api import sandbox_child
from api.sandbox import Sandbox
from api.sandbox_jobs import ANSWER_BYTES_MAX, ANSWER_HEAD
from api.sandbox_reader import KEPT_MAX, KeptReaders, Reader, SandboxCrashedError, SandboxTimeoutError
from signer.key_acts import rotate_key
from signer.trust_lists import renew_trust_list
from tests.code_room import NOW, CodeRoom
from tests.small_pdf import pdf_objects, write_small_pdf
from tests.town import BUREAU, PERSONS, Town
from verify.algorithms import Algorithm
from verify.evidence import Evidence
from verify.examine import examine
from verify.key_purpose import KeyPurpose
from verify.verdict import Verdict

ROOM = CodeRoom()
ROOT = Path(__file__).parents[3]
# A guard against what takes minutes, on a machine that is busy otherwise.
SECONDS_MAX = 60
# When a slow reader takes in its first bytes, in seconds.
LATE = 0.2
_CALLS = ("open", "unlink", "rename", "truncate", "kill", "process_vm_readv", "syscall")
_WARMED = "from api.sandbox_child import _load_all; _load_all(); print(*sys.modules)"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    yield opened
    opened.close()


def confined(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that first gives up what a reader gives up."""
    modules = "import ctypes, os, resource, socket, subprocess, sys"
    library = f"library = ctypes.CDLL(None); {'; '.join(f'library.{each}' for each in _CALLS)}"
    start = (
        f"{modules}; {library}; sys.path.insert(0, {str(ROOT)!r}); from api.sandbox_child import confine; confine()\n"
    )
    return subprocess.run([sys.executable, "-I", "-c", start + program], capture_output=True, text=True, check=False)


def test_a_file_is_judged_in_the_sandbox_as_it_is_outside(sqlite_town: Town, sandbox: Sandbox) -> None:
    document = sqlite_town.issues(sqlite_town.teacher_draft()).document
    evidence = sqlite_town.evidence()

    report = sandbox.examine(document, evidence, at=sqlite_town.now)

    assert report == examine(document, evidence, at=sqlite_town.now)
    assert report.is_genuine
    assert not sandbox._has_all, "a document of ours waits for no library of other people's"


def test_an_ofd_is_judged_in_the_sandbox_as_it_is_outside(sqlite_town: Town, sandbox: Sandbox) -> None:
    ofd = sqlite_town.issues(sqlite_town.teacher_draft()).ofd
    assert ofd is not None
    evidence = sqlite_town.evidence()

    report = sandbox.examine(ofd, evidence, at=sqlite_town.now)
    spoilt = sandbox.examine(ofd[:-5], evidence, at=sqlite_town.now)

    assert report == examine(ofd, evidence, at=sqlite_town.now)
    assert report.is_genuine
    assert report.facts.seal_code
    assert spoilt.verdict is Verdict.UNREADABLE


def test_a_code_signed_with_sm2_is_judged_in_the_sandbox_with_the_faster_checker(
    sqlite_town: Town, sandbox: Sandbox
) -> None:
    town = sqlite_town
    rotate_key(town.key_desk, KeyPurpose.CODE, BUREAU, algorithm=Algorithm.SM2, persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)
    document = town.issues(town.food_draft()).document

    report = sandbox.examine(document, town.evidence(), at=town.now)

    assert report == examine(document, town.evidence(), at=town.now)
    assert report.is_genuine


def test_the_second_file_finds_a_warm_reader(sandbox: Sandbox) -> None:
    unsigned = bytes(write_small_pdf(pdf_objects()).content)
    sandbox.examine(unsigned, ROOM.evidence(), at=NOW)
    warm = sandbox._process

    report = sandbox.examine(unsigned, ROOM.evidence(), at=NOW)

    assert warm is not None
    assert sandbox._process is warm
    assert report.is_genuine is not True
    assert sandbox._has_all, "which this one needed"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\x00" * 1000, b"%PDF-" + bytes(range(256)) * 40])
def test_any_bytes_get_an_answer(sandbox: Sandbox, content: bytes) -> None:
    assert sandbox.examine(content, Evidence(trust=None), at=NOW).verdict is Verdict.UNREADABLE


def test_a_large_file_fits(sandbox: Sandbox) -> None:
    assert sandbox.examine(b"%PDF-1.7\n" + bytes(19_900_000), ROOM.evidence(), at=NOW).verdict is Verdict.UNREADABLE


def test_a_warm_process_that_was_killed_is_started_again(sandbox: Sandbox) -> None:
    sandbox.examine(b"x", ROOM.evidence(), at=NOW)
    assert sandbox._process is not None
    os.kill(sandbox._process.pid, signal.SIGKILL)
    sandbox._process.wait()

    assert sandbox.examine(b"x", ROOM.evidence(), at=NOW).verdict is Verdict.UNREADABLE


def test_readers_give_way_to_the_server(sandbox: Sandbox) -> None:
    sandbox.start()
    assert sandbox._process is not None

    assert os.getpriority(os.PRIO_PROCESS, sandbox._process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 10


def test_the_warm_process_knows_nothing_of_its_parent(sandbox: Sandbox) -> None:
    sandbox.examine(b"x", ROOM.evidence(), at=NOW)
    assert sandbox._process is not None
    folder = Path(f"/proc/{sandbox._process.pid}")

    links = {str(each.readlink()) for each in (folder / "fd").iterdir()}

    assert (folder / "environ").read_bytes() == b""
    assert {each.partition(":")[0] for each in links} <= {"/dev/null", "socket"}
    assert len([each for each in links if each.startswith("socket")]) == 1


def test_a_reader_opens_no_socket_and_starts_no_program() -> None:
    for program in (
        "socket.socket()",
        "socket.getaddrinfo(b'127.0.0.1', 9)",
        "subprocess.run(['/bin/true'], close_fds=False)",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
    ):
        caught = f"try: {program}\nexcept PermissionError: print('refused')"
        assert confined(caught).stdout == "refused\n", program


def test_a_reader_that_would_open_a_file_ends_without_an_answer(tmp_path: Path) -> None:
    """For a library that is told "not permitted" calls the document broken."""
    there = tmp_path / "key"
    there.write_bytes(b"secret")

    for program in (f"open({str(there)!r}, 'rb')", f"open({str(tmp_path / 'x')!r}, 'wb')", "import this"):
        ended = confined(f"print('on'); sys.stdout.flush()\n{program}\nprint('further')")
        assert (ended.stdout, ended.returncode) == ("on\n", 1), program
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "call",
    [
        "open(b'{path}', 0)",
        "unlink(b'{path}')",
        "rename(b'{path}', b'{path}x')",
        "truncate(b'{path}', 0)",
        "kill({parent}, 0)",
        "process_vm_readv({parent}, None, 0, None, 0, 0)",
        "syscall(434, {parent}, 0)",
    ],
)
def test_the_kernel_refuses_a_reader_files_and_other_processes(tmp_path: Path, call: str) -> None:
    """As code would ask that took over the reader and passes by Python."""
    there = tmp_path / "key"
    there.write_bytes(b"secret")
    asked = call.format(path=there, parent=os.getpid())

    ended = confined(f"print(library.{asked})")

    assert ended.stdout == "-1\n", ended.stderr
    assert there.read_bytes() == b"secret"


def test_what_a_strange_document_calls_for_is_in_memory_before_it_is_read() -> None:
    """Text in UTF-16 and metadata in XML, which nothing of ours needs."""
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_WARMED}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert {"encodings.utf_16_be", "lxml.etree", "verify.revision_rules"} <= set(loaded.split())


def test_a_reader_is_bounded_in_memory_files_and_time() -> None:
    assert "MemoryError" in confined("bytes(2 << 30)").stderr
    assert "Too many open files" in confined("ends = [os.pipe() for _ in range(64)]").stderr
    printed = confined("print(resource.getrlimit(resource.RLIMIT_CPU))").stdout
    assert printed.strip() == str((sandbox_child.CPU_SECONDS, sandbox_child.CPU_SECONDS))


def test_a_reader_that_eats_time_is_ended_by_the_kernel() -> None:
    started = time.monotonic()

    ended = confined("while True: pass")

    assert ended.returncode in {-signal.SIGXCPU, -signal.SIGKILL}
    assert time.monotonic() - started < SECONDS_MAX


def test_a_small_file_that_would_be_read_for_ever_has_its_answer_in_time(sandbox: Sandbox) -> None:
    """A table whose entries have no length, and two thousand million of them."""
    table = b"1 0 obj\n<</Type/XRef/Size 2/W[0 0 0]/Index[0 2147483647]/Root 1 0 R/Length 0>>\nstream\n\nendstream\nendobj\n"
    sandbox.examine(b"%PDF-", ROOM.evidence(), at=NOW)
    started = time.monotonic()

    with pytest.raises(SandboxTimeoutError) as caught:
        sandbox.examine(b"%PDF-1.7\n" + table + b"startxref\n9\n%%EOF\n", ROOM.evidence(), at=NOW)

    assert caught.value.params == {"seconds": "4"}
    assert time.monotonic() - started < SECONDS_MAX


def test_the_limits_do_not_reach_this_process() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0
    with socket.socket():
        pass


def answer_of(*parts: bytes, stays: bool = False, seconds: int = 4) -> bytes:
    """Ask a reader that says these parts, whatever it is asked."""
    ours, theirs = socket.socketpair()
    with theirs:
        for part in parts:
            theirs.sendall(part)
        if not stays:
            theirs.shutdown(socket.SHUT_WR)
        try:
            return Reader(ours).ask(b"", b"", seconds=seconds)
        finally:
            ours.close()


def test_a_reader_that_ends_without_a_word_or_within_one_broke() -> None:
    head = struct.pack(ANSWER_HEAD, False, 2)
    for parts in ((), (head[:3],), (head, b"{")):
        with pytest.raises(SandboxCrashedError):
            answer_of(*parts)
    assert answer_of(head, b"{", b"}") == b"{}"


def test_a_reader_that_would_say_too_much_is_not_listened_to() -> None:
    with pytest.raises(SandboxCrashedError):
        answer_of(struct.pack(ANSWER_HEAD, False, ANSWER_BYTES_MAX + 1), stays=True)


def test_a_reader_that_says_nothing_is_not_waited_for() -> None:
    started = time.monotonic()

    with pytest.raises(SandboxTimeoutError) as caught:
        answer_of(b"\x00", stays=True, seconds=1)

    assert caught.value.params == {"seconds": "1"}
    assert time.monotonic() - started < SECONDS_MAX


def kept_of(sandbox: Sandbox, line: str) -> Reader | None:
    """Return the reader that waits for another file of this line, and leave it there."""
    kept = sandbox._kept.take(line)
    if kept is not None:
        sandbox._kept.keep(line, kept)
    return kept


def test_a_reader_goes_on_with_the_files_of_its_line_while_all_were_signed_whole(
    sqlite_town: Town, sandbox: Sandbox
) -> None:
    licence = sqlite_town.issues(sqlite_town.teacher_draft())
    evidence, at = sqlite_town.evidence(), sqlite_town.now
    assert licence.ofd is not None

    sandbox.examine(licence.document, evidence, at=at, line="a")
    first = kept_of(sandbox, "a")
    assert sandbox.examine(licence.ofd, evidence, at=at, line="a") == examine(licence.ofd, evidence, at=at)

    assert first is not None
    assert kept_of(sandbox, "a") is first
    assert kept_of(sandbox, "b") is None, "nobody else's files go there"
    for spoilt in (
        licence.document + b"\n%",
        licence.document[:-9],
        b"x",
        licence.document.replace(b"/Page", b"/Pagf"),
    ):
        sandbox.examine(licence.document, evidence, at=at, line="a")
        assert kept_of(sandbox, "a") is not None
        assert sandbox.examine(spoilt, evidence, at=at, line="a").is_genuine is not True
        assert kept_of(sandbox, "a") is None, "who has read something else reads no more"


def with_data_behind(document: bytes) -> bytes:
    """Return a licence behind which anybody put what he calls data of revocation: it changes nothing, and is his."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    data = writer.add_object(generic.StreamObject(stream_data=b"what nobody signed"))
    writer.root["/DSS"] = writer.add_object(
        generic.DictionaryObject({generic.pdf_name("/Certs"): generic.ArrayObject([data])})
    )
    writer.update_root()
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_reader_ends_with_a_genuine_licence_behind_which_somebody_added_what_is_allowed(
    sqlite_town: Town, sandbox: Sandbox
) -> None:
    document = with_data_behind(sqlite_town.issues(sqlite_town.teacher_draft()).document)

    report = sandbox.examine(document, sqlite_town.evidence(), at=sqlite_town.now, line="d")

    assert report.is_genuine
    assert report.signatures[0].signed_bytes is not None
    assert kept_of(sandbox, "d") is None, "not all that it read was signed"


def test_a_kept_reader_that_said_more_than_its_answer_is_asked_no_more() -> None:
    """Else what it left unread would be taken for the answer about the next file."""
    kept = KeptReaders()
    ours, theirs = socket.socketpair()
    with theirs:
        reader = Reader(ours)
        theirs.sendall(struct.pack(ANSWER_HEAD, True, 2) + b"{}" + struct.pack(ANSWER_HEAD, True, 4) + b"true")
        assert reader.ask(b"", b"", seconds=1) == b"{}"
        kept.keep("a", reader)

        assert kept.take("a") is None
        assert kept.take("a") is None, "and it is let go"
        assert reader._connection.fileno() == -1


class Watched(socket.socket):
    """A connection that keeps for how long it was told to wait."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(fileno=connection.detach())
        self.waits: list[float] = []

    def settimeout(self, value: float | None, /) -> None:
        assert value is not None
        self.waits.append(value)
        super().settimeout(value)


def test_a_reader_that_takes_in_nothing_has_no_more_time_for_that() -> None:
    """For what is sent and what is received there is one end: who took in one part late has less time for the next."""
    ours, theirs = socket.socketpair()
    connection = Watched(ours)

    def takes_in_late() -> None:
        while not connection.waits:
            time.sleep(0.001)
        time.sleep(LATE)
        theirs.recv(1 << 18)

    with theirs:
        reader = Reader(connection)
        taker = threading.Thread(target=takes_in_late)
        taker.start()
        with pytest.raises(SandboxTimeoutError):
            reader.ask(bytes(1 << 18), bytes(1 << 20), seconds=1)
        taker.join()
    reader.close()

    first, *later = connection.waits
    assert later
    assert all(each <= first - LATE for each in later)


def test_a_reader_that_ended_while_it_waited_is_replaced(sqlite_town: Town, sandbox: Sandbox) -> None:
    document = sqlite_town.issues(sqlite_town.teacher_draft()).document
    evidence, at = sqlite_town.evidence(), sqlite_town.now
    sandbox.examine(document, evidence, at=at, line="c")
    kept = kept_of(sandbox, "c")
    assert kept is not None
    kept._connection.shutdown(socket.SHUT_RDWR)

    assert sandbox.examine(document, evidence, at=at, line="c").is_genuine
    assert kept_of(sandbox, "c") is not kept


def test_no_more_readers_are_kept_than_there_is_memory_for() -> None:
    kept, ends = KeptReaders(), []
    for number in range(KEPT_MAX + 1):
        ours, theirs = socket.socketpair()
        ends.append(theirs)
        reader = Reader(ours)
        reader.goes_on = True
        kept.keep(str(number), reader)

    assert kept.take("0") is None
    assert ends[0].recv(1) == b"", "the one that waited longest was let go"
    taken = kept.take("1")
    assert taken is not None
    taken.close()
    kept.close()
    assert ends[2].recv(1) == b""
    for each in ends:
        each.close()
