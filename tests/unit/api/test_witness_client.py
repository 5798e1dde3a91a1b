"""The HTTP client of witnesses, against sockets that answer as no witness should; each ends with its own error, in time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from api.witness_client import ANSWER_BYTES_MAX, HttpWitnessClient
from keys.time_limits import TimeLimits
from signer.witness_errors import (
    WitnessAddressError,
    WitnessAwayError,
    WitnessError,
    WitnessMalformedError,
    WitnessSlowError,
    WitnessTooLongError,
)

LIMITS = TimeLimits(connect_seconds=3, read_seconds=1, overall_seconds=3)
CLIENT = HttpWitnessClient(limits=LIMITS)
BODY = b"body"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"


@contextmanager
def answering(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen on loopback and let `act` do what it likes with the first caller."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                caller, _ = listening.accept()
                with caller:
                    _take_whole_request(caller)
                    act(caller)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread.join(5)


def _take_whole_request(caller: socket.socket) -> None:
    """Read head and body, which may come in two pieces: closing with a piece unread is a reset, and no end of an answer."""
    caller.settimeout(5)
    received = b""
    while not received.endswith((BODY, b"\r\n\r\n") if received.startswith(b"GET") else BODY) and (
        piece := caller.recv(65_536)
    ):
        received += piece


def endless(caller: socket.socket) -> None:
    caller.sendall(HEAD)
    while True:
        caller.sendall(b"x" * ANSWER_BYTES_MAX)


def dripping(caller: socket.socket) -> None:
    caller.sendall(HEAD)
    for _ in range(100):
        caller.sendall(b"x")
        time.sleep(0.05)


def silent(_caller: socket.socket) -> None:
    time.sleep(1.5)


@pytest.mark.server
@pytest.mark.parametrize(
    ("act", "error"),
    [
        (endless, WitnessTooLongError),
        (dripping, WitnessSlowError),
        (silent, WitnessSlowError),
        (lambda caller: caller.sendall(b"no HTTP\r\n\r\n"), WitnessMalformedError),
        (lambda caller: caller.close(), WitnessMalformedError),
    ],
    ids=["endless", "dripping", "silent", "no HTTP", "closing"],
)
def test_a_hostile_witness_costs_neither_time_nor_memory(
    act: Callable[[socket.socket], None], error: type[WitnessError]
) -> None:
    with answering(act) as address:
        begun = time.monotonic()
        with pytest.raises(error):
            CLIENT.post(f"{address}/add-checkpoint", BODY)
        assert time.monotonic() - begun < LIMITS.overall_seconds + 2  # a loaded machine is late, and not by much


@pytest.mark.server
def test_a_redirect_is_an_answer_and_no_way_to_elsewhere() -> None:
    def redirect(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    with answering(redirect) as address:
        assert CLIENT.get(address).status == 302


@pytest.mark.parametrize(
    "address", ["ftp://host/", "http://", "http://[::1", "x", "http://host:99999/", "http://xn--a.example/"]
)
def test_what_is_no_address_is_not_called(address: str) -> None:
    with pytest.raises(WitnessAddressError):
        CLIENT.get(address)


def test_nobody_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(WitnessAwayError):
        CLIENT.get(address)
