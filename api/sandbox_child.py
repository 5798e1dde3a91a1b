"""The process that reads strangers' files: a server that forks short-lived readers.

Promises:
  * Started as a program of its own with an empty environment: no key, no database and no socket but the one to its
    parent was ever in its memory. A reader has only the file, what is asked of it and the way of its answer.
  * A reader ends with its file. It goes on, for some time, only while every file was a licence whose every byte a
    trusted issuer signed: what it has read then is nobody's but theirs (`api/README.md`, decision of 2026-11-26).
  * A reader is held by the kernel: memory, CPU and wall time, file size; it opens no file and no socket, starts no
    program or thread, changes no folder and looks into no other process (system calls refused, and where the kernel
    cannot, an audit hook). So key files beside it, and keys in its parent's memory, are out of its reach.
  * Readers give way to the server: where both want the processor, the server has ten times as much of it.
  * What is asked and answered is `api/sandbox_jobs.py`; whoever reads an answer believes nothing but its form.
  * It begins with what our own documents need. A reader that needs more says so and ends; its parent has everything
    loaded then, once, and asks a new reader. So a clerk who checks one licence waits for no library of foreign PDFs.
"""

import ctypes
import gc
import importlib
import logging
import os
import pickle
import pkgutil
import platform
import resource
import signal
import socket
import struct
import sys
import time
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from api.sandbox_jobs import ANSWER_HEAD, LOAD_ALL, NEEDS_ALL, READY, REQUEST_HEAD, SECONDS, Examine, Job
from api.sandbox_work import examined, warm_up, work
from api.sm2_choice import choose_sm2
from verify.evidence import Evidence

CPU_SECONDS: Final = 4
# A file is some thirty codes' work: who only asks about a code is not to wait for the files of others.
NICENESS: Final = 10
# The interpreter with its libraries maps 300 MB; a PDF of 20 MB with its inflated streams needs 200 MB more.
MEMORY_BYTES_MAX: Final = 768 << 20
OPEN_FILES_MAX: Final = 32
# So long a reader waits for another file of its line, and so much it may have worked before.
KEPT_SECONDS: Final = 30.0
KEPT_CPU_SECONDS: Final = 1
_PART_BYTES: Final = 1 << 18
# A document may call for any part of these, also for one that no document needed before. A reader opens no file, so
# that all of them are in memory before it begins: a second, once.
_NEEDED_PACKAGES: Final = (
    "verify",
    "encodings",
    "asn1crypto",
    "pyhanko.pdf_utils",
    "pyhanko.sign.validation",
    "pyhanko.sign.diff_analysis",
    "pyhanko_certvalidator",
)
# What speaks to networks: nothing that judges a file calls for it.
_NOT_NEEDED: Final = ".fetchers."
# Enough of a PDF to be tried by the library for other people's documents.
_WARM_UP: Final = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"

# Linux: prctl(2), seccomp(2). Numbers of the calls that a reader must not make, by machine.
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_ERRNO_EPERM: Final = 0x00050001
_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
# From here the same calls have second numbers (x32); nobody here uses them.
_SECOND_NUMBERS: Final = 0x40000000
_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# A line each: sockets (socket, connect, bind, sendto); other processes (ptrace, kill, tkill, tgkill, pidfd_open,
# pidfd_getfd, process_vm_readv, process_vm_writev); programs and threads (execve, execveat, clone, clone3, fork,
# vfork); files (openat, openat2, open, creat, open_by_handle_at); folders (unlinkat, renameat, renameat2, linkat,
# symlinkat, mkdirat, mknodat, truncate, fchmodat, fchownat, and their older forms); io_uring_setup. A pair of sockets
# within the process is let through: event loops wake themselves with one.
_REFUSED_CALLS: Final = {
    "x86_64": (
        *(41, 42, 49, 44),
        *(101, 62, 200, 234, 434, 438, 310, 311),
        *(59, 322, 56, 435, 57, 58),
        *(257, 437, 2, 85, 304),
        *(263, 264, 316, 265, 266, 258, 259, 76, 268, 260, 87, 82, 86, 88, 83, 84, 133, 90, 92, 94),
        425,
    ),
    "aarch64": (
        *(198, 203, 200, 206),
        *(117, 129, 130, 131, 434, 438, 270, 271),
        *(221, 281, 220, 435),
        *(56, 437, 265),
        *(35, 38, 276, 37, 36, 34, 33, 45, 53, 54),
        425,
    ),
}
_OPENING: Final = "open"
_IMPORTING: Final = "import"
_REFUSED_EVENTS: Final = (
    "os.remove",
    "os.rename",
    "os.truncate",
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostby",
    "subprocess.",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "os.fork",
    "ctypes.",
)


def serve(descriptor: int) -> None:
    """Fork a reader for each request that comes over the socket to the parent, until the parent is gone."""
    os.nice(NICENESS)
    _warm_up()
    gc.collect()
    gc.freeze()  # a reader that looked for garbage in all this would first copy it
    has_all = False
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for readers: the kernel buries them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent, whose end is ours
    with socket.socket(fileno=descriptor) as parent:
        _settle()
        parent.sendall(READY)
        while True:
            message, descriptors, _, _ = socket.recv_fds(parent, 1, 1)
            if not message:
                return
            if message == LOAD_ALL:
                _load_all()
                _settle()
                has_all = True
                parent.sendall(READY)
            elif descriptors and os.fork() == 0:
                parent.close()
                _read_files(descriptors[0], has_all=has_all)
            for each in descriptors:
                os.close(each)


def _settle() -> None:
    """Look for garbage no more in what was loaded: readers share that memory as long as nobody touches it."""
    gc.freeze()
    gc.enable()


def _warm_up() -> None:
    """Make ready what a document of ours needs: what judges it was loaded with this module."""
    choose_sm2()
    # Who tells of a warning or an error looks up the line of source, in a file.
    warnings.simplefilter("ignore")
    logging.disable()


def _load_all() -> None:
    """Bring into memory what reading any file may need, so that readers find it there and open no file for it."""
    work(Examine(evidence=Evidence(trust=None), at=datetime(2026, 1, 1, tzinfo=UTC)), _WARM_UP)
    warm_up()
    for name in _NEEDED_PACKAGES:
        for part in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if _NOT_NEEDED not in part.name:
                with suppress(ImportError):  # parts for other systems, and for libraries that are not installed
                    importlib.import_module(part.name)


def _read_files(way: int, *, has_all: bool) -> None:
    """Be the reader of one file, or of several while all of them were signed whole by trusted issuers; and end."""
    try:
        job, document = _next_file(way)
        signal.setitimer(signal.ITIMER_REAL, SECONDS[type(job)])  # nobody catches SIGALRM: it ends the process
        confine(SECONDS[type(job)] + KEPT_CPU_SECONDS, way=None if has_all else way)
        while isinstance(job, Examine):
            answer, is_signed_whole = examined(job, document)
            goes_on = is_signed_whole and time.process_time() < KEPT_CPU_SECONDS
            signal.setitimer(signal.ITIMER_REAL, KEPT_SECONDS)
            _answer(way, answer, goes_on=goes_on)
            if not goes_on:
                os._exit(0)
            job, document = _next_file(way)
            signal.setitimer(signal.ITIMER_REAL, SECONDS[type(job)])
        _answer(way, work(job, document), goes_on=False)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, this process ends here and says nothing
        os._exit(1)


def _next_file(way: int) -> tuple[Job, bytes]:
    """Return what comes next from the server; it raises when the server has gone."""
    request, document = struct.unpack(REQUEST_HEAD, _read(way, struct.calcsize(REQUEST_HEAD)))
    job = pickle.loads(_read(way, request))  # noqa: S301 - written by our own parent
    if type(job) not in SECONDS:
        os._exit(2)
    return job, _read(way, document)


def confine(cpu_seconds: int = CPU_SECONDS, *, way: int | None = None) -> None:
    """Give up, for good, everything that reading a file does not need.

    Who would open a file ends: without a word, or, where a way to the server is given, with the word that not all was
    loaded.
    """
    limits = (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in limits:
        resource.setrlimit(kind, (limit, limit))
    _refuse_calls()
    sys.addaudithook(_refuse_event if way is None else partial(_refuse_and_tell, way))


def _refuse_event(event: str, _arguments: tuple[object, ...]) -> None:
    if event == _OPENING:
        os._exit(1)  # a library would take a refusal for a fault of the document: better no verdict than a wrong one
    if event.startswith(_REFUSED_EVENTS):
        raise PermissionError(event)


def _refuse_and_tell(way: int, event: str, arguments: tuple[object, ...]) -> None:
    if event in {_OPENING, _IMPORTING}:
        _answer(way, NEEDS_ALL, goes_on=False)
        os._exit(0)
    _refuse_event(event, arguments)


def _refuse_calls() -> None:
    """Ask the kernel to refuse the calls of the table; where it has no such filter, the other bounds still hold."""
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURE:
        return
    program = _filter_program(_ARCHITECTURE[machine], _REFUSED_CALLS[machine])
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0)


def _filter_program(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Return the BPF program: another architecture and the calls of the table get EPERM, all else goes on."""
    last = len(refused) + 5  # the place of the step that refuses; a jump counts from the step behind it
    steps = [
        (_LOAD_WORD, 0, 0, 4),
        (_JUMP_EQUAL, 0, last - 2, architecture),
        (_LOAD_WORD, 0, 0, 0),
        (_JUMP_AT_LEAST, last - 4, 0, _SECOND_NUMBERS),
    ]
    steps += [(_JUMP_EQUAL, last - place - 1, 0, call) for place, call in enumerate(refused, len(steps))]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO_EPERM)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _read(way: int, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = os.read(way, min(length - len(content), _PART_BYTES))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _answer(way: int, answer: bytes, *, goes_on: bool) -> None:
    left = memoryview(struct.pack(ANSWER_HEAD, goes_on, len(answer)) + answer)
    while left:
        left = left[os.write(way, left) :]
