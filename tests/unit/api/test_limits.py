"""Rate and size: buckets, and the gate before everything."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.app import create_app
from api.errors import TooManyRequestsError
from api.limits import BODY_BYTES_MAX, FORM_BYTES_MAX, OPENAPI_PATH, Buckets, Limits, address_of
from api.pages.sign_in import tried
from api.staff.errors import SignInError
from api.staff.slowdown import Slowdown
from tests.hall import Hall, ask

CHECK = "/api/v1/checks/0000000000000000"


class Watch:
    """A watch that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def standing(*, anonymous: float = 0, client: float = 0) -> Limits:
    """Return limits whose watch stands still, however slow this machine is."""
    made = Limits.of(anonymous_per_second=anonymous, client_per_second=client)
    for each in (made.anonymous, made.wrong_keys, made.clients):
        each.monotonic = Watch()
    return made


def test_a_bucket_gives_its_burst_then_as_much_as_flows_in() -> None:
    watch = Watch()
    buckets = Buckets(2.0, 4.0, monotonic=watch)

    given_out = [buckets.wait_seconds("a") for _ in range(5)]
    watch.now += 0.5
    after_half_a_second = [buckets.wait_seconds("a") for _ in range(2)]

    assert given_out == [0, 0, 0, 0, 0.5]
    assert after_half_a_second == [0, 0.5]


def test_what_was_refused_takes_nothing() -> None:
    watch = Watch()
    buckets = Buckets(1.0, 1.0, monotonic=watch)
    buckets.take("a")

    for _ in range(10):
        with pytest.raises(TooManyRequestsError) as refused:
            buckets.take("a")
    watch.now += 1.0
    buckets.take("a")

    assert refused.value.params == {"seconds": "2"}


def test_a_cost_above_the_burst_empties_the_bucket_but_is_possible() -> None:
    buckets = Buckets(1.0, 5.0, monotonic=Watch())

    assert buckets.wait_seconds("a", cost=10.0) == 0
    assert buckets.wait_seconds("a") == 1.0


def test_a_batch_overdraws_once_and_what_is_owed_flows_in_first() -> None:
    watch = Watch()
    buckets = Buckets(2.0, 10.0, monotonic=watch)

    buckets.owe("a", 30)  # ten are left: twenty are owed
    told = dict(buckets.headers("x", "a"))
    with pytest.raises(TooManyRequestsError) as refused:
        buckets.owe("a", 1)
    waits = [buckets.wait_seconds("a"), buckets.wait_seconds("b")]
    watch.now += 10.5

    assert refused.value.params == {"seconds": "11"}
    assert told[b"ratelimit"] == b'"x";r=0;t=15'
    assert waits == [10.5, 0], "what was refused takes nothing, and another key has its own bucket"
    assert [buckets.wait_seconds("a") for _ in range(2)] == [0, 0.5]
    Buckets(0, 0).owe("a", 1000)


def test_keys_do_not_share_a_bucket_and_memory_is_bounded() -> None:
    buckets = Buckets(1.0, 1.0, size_max=3, monotonic=Watch())

    assert [buckets.wait_seconds(key) for key in "abcabc"] == [0, 0, 0, 1, 1, 1]
    assert [buckets.wait_seconds(key) for key in "dddd"] == [0, 1, 1, 1]
    assert len(buckets._levels) == 3


def test_demand_takes_nothing_and_refuses_an_empty_bucket() -> None:
    buckets = Buckets(1.0, 1.0, monotonic=Watch())
    for _ in range(3):
        buckets.demand("a")
    buckets.take("a")

    with pytest.raises(TooManyRequestsError):
        buckets.demand("a")
    Buckets(0, 0).demand("a")
    assert Buckets(0, 0).wait_seconds("a", 1000) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3), st.floats(0.1, 4))))
def test_never_more_is_given_than_burst_and_flow(steps: list[tuple[str, float, float]]) -> None:
    watch = Watch()
    buckets, start = Buckets(1.5, 4.0, monotonic=watch), watch.now
    taken = {"a": 0.0, "b": 0.0}

    for key, pause, cost in steps:
        watch.now += pause
        if not buckets.wait_seconds(key, cost):
            taken[key] += cost

    assert all(each <= 4.0 + 1.5 * (watch.now - start) + 1e-6 for each in taken.values())


@pytest.mark.parametrize(
    ("client", "line"),
    [
        (("192.0.2.1", 1), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::1", 1), "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.1", 1), "192.0.2.1"),
        (("a socket", 0), "unknown"),
        (None, "unknown"),
    ],
)
def test_an_ipv6_subscriber_is_one_line(client: tuple[str, int] | None, line: str) -> None:
    assert address_of({"type": "http", "client": client}) == line


def test_an_address_that_asks_too_often_waits_and_another_does_not(sqlite_hall: Hall) -> None:
    limits = standing(anonymous=1)
    app = create_app(sqlite_hall.office, limits=limits)

    answers = [ask(app, "GET", CHECK) for _ in range(6)]
    other = ask(app, "GET", CHECK, address=("192.0.2.2", 1))

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert answers[-1].json()["code"] == "request.too_many"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert other.status_code == 200


def test_a_client_that_asks_too_often_waits(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(client=1))
    headers = {"Authorization": sqlite_hall.credentials["officer"]}

    answers = [ask(app, "GET", "/api/v1/licences", headers=headers).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_whoever_tries_wrong_keys_is_told_to_wait_and_who_has_a_right_one_behind_the_same_address_is_not(
    sqlite_hall: Hall,
) -> None:
    app = create_app(sqlite_hall.office, limits=standing())
    wrong = {"Authorization": "Bearer officer." + "A" * 43}
    right = {"Authorization": sqlite_hall.credentials["officer"]}

    answers = [ask(app, "GET", "/api/v1/licences", headers=wrong) for _ in range(21)]

    assert [each.status_code for each in answers] == [401] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert ask(app, "GET", "/api/v1/licences", headers=right).status_code == 200


def test_many_tries_at_once_are_charged_like_as_many_one_after_the_other(sqlite_hall: Hall) -> None:
    """Passwords and second factors: a try is charged before it is made, and a right one is given back."""
    app = create_app(sqlite_hall.office, limits=standing())
    request = Request({"type": "http", "app": app, "client": ("192.0.2.9", 1), "headers": [], "path": "/sign-in"})

    def is_wrong() -> str:
        raise SignInError

    async def tries(check: Callable[[], str]) -> list[str | BaseException]:
        slowdown = Slowdown(tries_at_once=1, seconds_a_try=1)
        lines = (tried(request, slowdown, f"line {number}", check) for number in range(22))
        return await asyncio.gather(*lines, return_exceptions=True)

    right = asyncio.run(tries(lambda: "right"))
    wrong = asyncio.run(tries(is_wrong))

    assert right[:20] == ["right"] * 20
    assert Counter(map(type, wrong)) == {SignInError: 20, TooManyRequestsError: 2}


def test_a_made_up_key_is_no_way_around_the_limit_of_pages_and_files(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(anonymous=1))
    headers = {"Authorization": "Bearer anything"}

    for path in ("/", "/trust-list.cbor"):
        answers = [ask(app, "GET", path, headers=headers).status_code for _ in range(6)]

        assert answers[-1] == 429, path


def test_a_body_that_says_it_is_too_long_is_not_read(sqlite_hall: Hall) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    headers = {"Content-Length": str(BODY_BYTES_MAX + 1)}
    answer = sqlite_hall.ask("POST", "/api/v1/verifications", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert read == []


@pytest.mark.parametrize(
    ("media_type", "bytes_max"),
    [("application/json", BODY_BYTES_MAX), ("multipart/form-data; boundary=x", FORM_BYTES_MAX)],
)
def test_a_body_that_does_not_say_is_cut_off_at_the_limit(sqlite_hall: Hall, media_type: str, bytes_max: int) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        yield (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            if "multipart" in media_type
            else b"{"
        )
        while sent < 4 * bytes_max:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    path = "/api/v1/verifications/file" if "multipart" in media_type else "/api/v1/verifications"
    answer = sqlite_hall.ask("POST", path, content=chunks(), headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert sent <= bytes_max + (1 << 17)


@pytest.mark.parametrize("media_type", ["multipart/form-data; boundary=x", "Multipart/Form-Data; boundary=x"])
def test_a_file_counts_like_ten_requests_however_its_kind_is_written(sqlite_hall: Hall, media_type: str) -> None:
    app = create_app(sqlite_hall.office, limits=standing(anonymous=4))

    answer = ask(app, "POST", "/api/v1/codes/read", content=b"--x--\r\n", headers={"Content-Type": media_type})

    assert answer.headers["ratelimit"].startswith('"address";r=10;')


def test_a_batch_counts_by_its_length_and_a_clients_file_as_ten(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(client=4))
    reliance = {"purpose": "supervision", "legal_basis": "《食品安全法》第一百一十条"}

    def batch(client: str, length: int) -> httpx.Response:
        body = {"reliance": reliance, "items": [{"id": "0" * 16}] * length}
        headers = {"Authorization": sqlite_hall.credentials[client]}
        return ask(app, "POST", "/api/v1/verifications/batch", headers=headers, json=body)

    greedy = [batch("counter", length) for length in (3, 30, 1)]
    key = {"Authorization": sqlite_hall.credentials["officer"], "Content-Type": "multipart/form-data; boundary=x"}
    file = ask(app, "POST", "/api/v1/verifications/file", headers=key, content=b"--x--\r\n")
    other = [batch("reviewer", 1), ask(app, "GET", CHECK)]

    assert [each.status_code for each in greedy] == [200, 200, 429]
    assert [each.headers["ratelimit"] for each in greedy[:2]] == ['"client";r=17;t=1', '"client";r=0;t=9']
    assert greedy[2].headers["retry-after"] == "4", "13 are owed, and four flow in each second"
    assert file.headers["ratelimit"].startswith('"client";r=10;')
    assert [each.status_code for each in other] == [200, 200]


def test_a_key_that_nobody_looks_at_does_not_help_around_the_limit(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(anonymous=1))

    answers = [ask(app, "GET", OPENAPI_PATH, headers={"Authorization": "Bearer x"}) for _ in range(6)]

    assert [each.status_code for each in answers] == [200] * 5 + [429]


def test_a_page_says_too_large_as_a_page(sqlite_hall: Hall) -> None:
    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(FORM_BYTES_MAX + 1),
        "Accept": "text/html",
    }

    answer = sqlite_hall.ask("POST", "/check/file", content=b"x", headers=headers)

    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")


def test_who_wants_a_page_is_told_as_a_page_to_wait(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(anonymous=1))

    answer = [ask(app, "GET", "/", headers={"Accept": "text/html"}) for _ in range(6)][-1]

    assert answer.status_code == 429
    assert answer.headers["content-type"].startswith("text/html")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_body_that_trickles_in_is_given_up(sqlite_hall: Hall) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    gate = sqlite_hall.app._layers.app.app  # type: ignore[attr-defined]
    gate._body_seconds = 0.3
    answer = sqlite_hall.ask("POST", "/api/v1/verifications", content=trickle())

    assert (answer.status_code, answer.json()["code"]) == (408, "request.slow")
    assert answer.headers["connection"] == "close"


def test_a_body_is_not_read_from_who_may_not_send_it(sqlite_hall: Hall) -> None:
    received = []

    async def watched() -> httpx.Response:
        async def content() -> AsyncIterator[bytes]:
            received.append(1)
            yield b"{}"

        transport = httpx.ASGITransport(sqlite_hall.app, client=("192.0.2.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as client:
            return await client.post("/api/v1/licences", content=content())

    answer = asyncio.run(watched())

    assert answer.status_code == 401
    assert received == []


def test_what_is_left_is_told_in_every_limited_answer(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=standing(anonymous=1, client=2))
    key = {"Authorization": sqlite_hall.credentials["officer"]}
    wrong = {"Authorization": "Bearer officer." + "A" * 43}

    anonymous = [ask(app, "GET", CHECK).headers for _ in range(6)]
    client = ask(app, "GET", "/api/v1/licences", headers=key).headers
    stranger = ask(app, "GET", "/api/v1/licences", headers=wrong).headers

    assert {each["ratelimit-policy"] for each in anonymous} == {'"address";q=5;w=5'}
    assert anonymous[0]["ratelimit"] == '"address";r=4;t=1'
    assert anonymous[5]["ratelimit"].startswith('"address";r=0;t=')
    assert int(anonymous[5]["retry-after"]) >= 1
    assert (client["ratelimit-policy"], client["ratelimit"]) == ('"client";q=10;w=5', '"client";r=9;t=1')
    assert "ratelimit" not in stranger


def test_a_client_that_was_refused_is_told_what_is_left(sqlite_hall: Hall) -> None:
    app = create_app(sqlite_hall.office, limits=Limits.of(anonymous_per_second=0, client_per_second=0.2))
    key = {"Authorization": sqlite_hall.credentials["officer"]}

    answers = [ask(app, "GET", "/api/v1/licences", headers=key) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 429]
    assert answers[1].headers["ratelimit"] == '"client";r=0;t=5'
    assert 1 <= int(answers[1].headers["retry-after"]) <= 6
    assert answers[1].headers["ratelimit-policy"] == '"client";q=1;w=5'


def test_without_a_limit_nothing_is_told_of_one(sqlite_hall: Hall) -> None:
    assert not {"ratelimit", "ratelimit-policy"} & set(sqlite_hall.ask("GET", CHECK).headers)


def test_a_bucket_tells_its_size_its_rest_and_when_it_is_full_again() -> None:
    watch = Watch()
    buckets = Buckets(2.0, 10.0, monotonic=watch)
    buckets.take("a", 7.0)

    at_once = dict(buckets.headers("x", "a"))
    watch.now += 2.0
    later = dict(buckets.headers("x", "a"))

    assert at_once == {b"ratelimit-policy": b'"x";q=10;w=5', b"ratelimit": b'"x";r=3;t=4'}
    assert later[b"ratelimit"] == b'"x";r=7;t=2'
    assert dict(buckets.headers("x", "other"))[b"ratelimit"] == b'"x";r=10;t=0'
