"""The client of an outside time-stamp service, against real servers on loopback: good, slow, endless, wrong."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from keys.errors import (
    TimestampAddressError,
    TimestampAnswerError,
    TimestampAwayError,
    TimestampDigestError,
    TimestampError,
    TimestampRefusedError,
    TimestampSlowError,
    TimestampTooLongError,
)
from keys.outside_timestamps import ANSWER_BYTES_MAX, OutsideTimestampClient
from keys.time_limits import TimeLimits
from keys.timestamp_responder import respond
from tests.key_room import AUTHORITY, NOW, KeyRoom
from verify.der import integer, named_bit, octet_string, sequence, tlv

pytestmark = pytest.mark.server

DIGEST = sha256(b"a signature value").digest()
LIMITS = TimeLimits(connect_seconds=0.5, read_seconds=0.3, overall_seconds=0.6)
REPLY = "application/timestamp-reply"

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


def reply(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, kind: str = REPLY) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve on a free port of loopback; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                behaviour(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client gave up, as it should

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/stamp"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(office: KeyRoom, url: str) -> OutsideTimestampClient:
    return OutsideTimestampClient(
        url=url,
        roots=office.custody.chain(AUTHORITY),
        clock=lambda: NOW,
        random=office.random.randbytes,
        limits=LIMITS,
    )


def good(office: KeyRoom) -> Behaviour:
    return lambda handler, body: reply(handler, respond(office.stamps(), body))


def test_a_stamp_of_our_own_responder_is_accepted_over_http(office: KeyRoom) -> None:
    with serving(good(office)) as url:
        token = client(office, url).stamp(DIGEST)

    assert DIGEST in token


def test_the_answer_is_returned_byte_for_byte(office: KeyRoom) -> None:
    sent: list[bytes] = []

    def behave(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        sent.append(respond(office.stamps(), body))
        reply(handler, sent[0], kind=f"{REPLY}; charset=binary")

    with serving(behave) as url:
        token = client(office, url).stamp(DIGEST)

    assert sent[0].endswith(token)


def sleeping(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    time.sleep(0.8)
    reply(handler, b"")


def dripping_head(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _number in range(12):
        handler.wfile.write(b"X-Drip: 1\r\n")
        handler.wfile.flush()
        time.sleep(0.1)


def dripping_body(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {REPLY}\r\n\r\n".encode())
    for _number in range(12):
        handler.wfile.write(b"\x30")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("behaviour", [sleeping, dripping_head, dripping_body])
def test_a_slow_server_is_given_up_within_the_overall_limit(office: KeyRoom, behaviour: Behaviour) -> None:
    with serving(behaviour) as url:
        started = time.monotonic()
        with pytest.raises(TimestampSlowError):
            client(office, url).stamp(DIGEST)
        assert time.monotonic() - started < LIMITS.overall_seconds + 0.4


def endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {REPLY}\r\n\r\n".encode())
    for _number in range(10_000):
        handler.wfile.write(bytes(65_536))


@pytest.mark.parametrize("behaviour", [endless, lambda handler, _: reply(handler, bytes(ANSWER_BYTES_MAX + 1))])
def test_an_answer_longer_than_any_stamp_is_given_up(office: KeyRoom, behaviour: Behaviour) -> None:
    with serving(behaviour) as url, pytest.raises(TimestampTooLongError):
        client(office, url).stamp(DIGEST)


def redirecting(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:1/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    "behaviour",
    [
        redirecting,
        lambda handler, _: reply(handler, b"", status=500),
        lambda handler, _: reply(handler, b"<html>", kind="text/html"),
        lambda handler, _: reply(handler, b""),
        lambda handler, _: reply(handler, b"garbage"),
        lambda handler, _: reply(handler, sequence(sequence(integer(0)))),
        lambda handler, _: reply(handler, sequence(sequence(integer(0)), sequence())),
        lambda handler, _: reply(handler, sequence(sequence(integer(0)), sequence(octet_string(b"x")))),
        lambda handler, _: reply(handler, sequence(sequence(integer(0)), sequence(), integer(1))),
        lambda handler, _: reply(handler, sequence(sequence(integer(9)))),
    ],
)
def test_garbage_is_refused(office: KeyRoom, behaviour: Behaviour) -> None:
    with serving(behaviour) as url, pytest.raises(TimestampAnswerError):
        client(office, url).stamp(DIGEST)


def test_a_refusal_is_told_apart_from_garbage(office: KeyRoom) -> None:
    answer = sequence(sequence(integer(2), named_bit(0)))

    with serving(lambda handler, _: reply(handler, answer)) as url, pytest.raises(TimestampRefusedError):
        client(office, url).stamp(DIGEST)


def with_digest(digest: bytes, body: bytes) -> bytes:
    return body.replace(DIGEST, digest)


def with_nonce(nonce: int, _: bytes) -> bytes:
    sha_256 = bytes.fromhex("300b0609608648016503040201")
    imprint = sequence(sha_256, octet_string(DIGEST))
    return sequence(integer(1), imprint, integer(nonce), tlv(0x01, b"\xff"))


def without_nonce(_: bytes) -> bytes:
    whole = with_nonce(1, b"")
    return sequence(whole[2:].replace(integer(1) + b"\x01\x01\xff", b"\x01\x01\xff"))


@pytest.mark.parametrize("twist", [partial(with_digest, bytes(32)), partial(with_nonce, 12345), without_nonce])
def test_a_stamp_for_another_question_is_refused(office: KeyRoom, twist: Callable[[bytes], bytes]) -> None:
    with (
        serving(lambda handler, body: reply(handler, respond(office.stamps(), twist(body)))) as url,
        pytest.raises(TimestampAnswerError),
    ):
        client(office, url).stamp(DIGEST)


def test_a_stamp_with_a_broken_signature_is_refused(office: KeyRoom) -> None:
    def behave(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer = bytearray(respond(office.stamps(), body))
        answer[-1] ^= 1
        reply(handler, bytes(answer))

    with serving(behave) as url, pytest.raises(TimestampAnswerError):
        client(office, url).stamp(DIGEST)


def test_a_stamp_of_an_authority_that_is_not_trusted_is_refused(office: KeyRoom, tmp_path: Path) -> None:
    stranger = KeyRoom.found(tmp_path / "keys").open_office()

    with serving(good(stranger)) as url, pytest.raises(TimestampAnswerError):
        client(office, url).stamp(DIGEST)


def test_a_service_that_is_away_is_told_as_such(office: KeyRoom) -> None:
    with serving(good(office)) as url:
        pass

    with pytest.raises(TimestampAwayError):
        client(office, url).stamp(DIGEST)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/hosts", "127.0.0.1", "http://", ""])
def test_only_http_addresses_are_taken(office: KeyRoom, url: str) -> None:
    with pytest.raises(TimestampAddressError):
        client(office, url)


def test_only_digests_of_32_bytes_are_sent(office: KeyRoom) -> None:
    with pytest.raises(TimestampDigestError):
        client(office, "http://127.0.0.1:9/").stamp(b"short")


def test_errors_of_time_stamps_have_one_root(office: KeyRoom) -> None:
    assert issubclass(TimestampSlowError, TimestampError)
    assert replace(client(office, "http://127.0.0.1:9/"), limits=TimeLimits()).limits.overall_seconds == 10
