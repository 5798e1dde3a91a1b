"""Connections that say nothing, say it slowly, or come in hundreds: they keep nobody else waiting."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from api.app import create_app
from api.peer_protocol import PeerProtocol
from api.places import Places
from api.problems import problem_of
from api.serving import Server
from tests.hall import Hall
from tests.served_hall import serving
from tests.town import Town, founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_town"]

OF_ONE_MAX = 20
HEAD_SECONDS = 1.5


class Quick(PeerProtocol):
    """The same rules with less patience and fewer places."""

    head_seconds = HEAD_SECONDS
    of_one_max = OF_ONE_MAX


@pytest.fixture
def hall(sqlite_town: Town) -> Iterator[Hall]:
    hall = Hall.open(sqlite_town)
    yield hall
    hall.office.close()


def behind_nothing(server: Server) -> None:
    """Take loopback for a network like any other, and not for that of a proxy."""
    server.config.http, server.config.forwarded_allow_ips = Quick, ""


def behind_a_proxy(server: Server) -> None:
    server.config.http, server.config.forwarded_allow_ips = Quick, "10.0.0.1, 127.0.0.0/8"


def is_cut_off(connection: socket.socket, *, within: float) -> bool:
    connection.settimeout(within)
    with suppress(ConnectionError):
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
    return True


def is_well(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/api/v1/healthz", timeout=20).status_code == 200


def test_who_says_nothing_or_never_ends_a_head_is_cut_off_also_after_a_request(hall: Hall) -> None:
    with serving(hall, None, tell=behind_nothing) as port, ExitStack() as opened:
        silent, begun, again = (opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(3))
        begun.sendall(b"GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n")
        again.sendall(b"GET /api/v1/healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        again.settimeout(20)
        assert again.recv(15).startswith(b"HTTP/1.1 ")
        while not again.recv(65536).endswith(b"}"):
            pass
        again.sendall(b"GET /api/v1/healthz HTTP/1.1\r\n")

        assert is_well(port)
        assert [is_cut_off(each, within=20) for each in (silent, begun, again)] == [True] * 3


def test_an_upload_may_take_longer_than_a_head(hall: Hall) -> None:
    head = (
        b"POST /api/v1/verifications HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    )
    with serving(hall, None, tell=behind_nothing) as port, socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(head)
        assert not is_cut_off(slow, within=2 * HEAD_SECONDS)
        slow.sendall(b"{}")
        slow.settimeout(20)
        assert slow.recv(12) == b"HTTP/1.1 422"


def test_one_address_holds_its_part_of_the_connections_and_no_more(hall: Hall) -> None:
    with serving(hall, None, tell=behind_nothing) as port, ExitStack() as opened:
        held = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(OF_ONE_MAX + 5)]
        assert [is_cut_off(each, within=HEAD_SECONDS / 30) for each in held] == [False] * OF_ONE_MAX + [True] * 5


def test_a_proxy_brings_as_many_as_there_are(hall: Hall) -> None:
    with serving(hall, None, tell=behind_a_proxy) as port, ExitStack() as opened:
        for _ in range(OF_ONE_MAX + 5):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert is_well(port)


def test_a_request_too_many_is_told_so_in_the_usual_form_and_the_next_one_is_answered(hall: Hall) -> None:
    async def scene() -> list[httpx.Response]:
        app = create_app(hall.office)
        inside, leave = asyncio.Event(), asyncio.Event()

        async def held(scope: object, receive: object, send: object) -> None:
            inside.set()
            await leave.wait()
            await app(scope, receive, send)  # type: ignore[arg-type]

        places = Places(held, most=1, refused=problem_of)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(places), base_url="http://a") as client:
            first = asyncio.create_task(client.get("/api/v1/healthz"))
            await inside.wait()
            second = await client.get("/api/v1/catalogue/licence-types")
            leave.set()
            return [second, await first, await client.get("/api/v1/healthz")]

    refused, *others = asyncio.run(scene())

    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "server.full", "5")
    assert [each.status_code for each in others] == [200, 200]
