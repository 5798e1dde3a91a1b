"""Sign-in by a real OpenID provider (npm oidc-provider), and by one that lies."""

import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from api.staff.errors import ProviderAwayError, ProviderError
from api.staff.provider import DRIFT, VISIT_LIFE, Provider
from registry import accounts
from registry.db import transaction
from registry.records import Role
from tests.hall import Hall
from tests.peers.programs import oidc_provider
from tests.staff_browser import StaffBrowser
from tests.town import HOST, Town, founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_town"]

CLIENT, RETURN = "yinzheng", f"https://{HOST}/sign-in/return"


@dataclass(frozen=True, kw_only=True)
class RunningProvider:
    """The provider's process: its issuer and our secret there."""

    issuer: str
    secret: str


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A provider on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = secrets.token_urlsafe(24)
    command = ["node", str(oidc_provider()), str(port), RETURN, CLIENT, secret]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"ready"
    yield RunningProvider(issuer=f"http://127.0.0.1:{port}", secret=secret)
    process.kill()
    process.communicate()


@pytest.fixture
def browser(sqlite_town: Town, provider: RunningProvider, tmp_path: Path) -> Iterator[StaffBrowser]:
    """A browser at a hall whose staff are vouched for by the provider."""
    file = tmp_path / "oidc-secret"
    file.write_text(provider.secret)
    file.chmod(0o600)
    sqlite_town.clock.now = datetime.now(UTC)  # the provider has a clock of its own
    hall = Hall.open(sqlite_town, oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_credential_file=file)
    yield StaffBrowser(hall=hall)
    hall.office.close()


def returns(browser: StaffBrowser, who: str) -> str:
    """Go to the provider, sign in there, and return the address to which it sends the browser back."""
    address = browser.asks("GET", "/sign-in/provider").headers["location"]
    with httpx.Client(follow_redirects=False, cookies={"who": who}) as client:
        while not address.startswith(RETURN):
            answer = client.get(address)
            assert answer.status_code in {302, 303}, answer.text
            address = str(answer.url.join(answer.headers["location"]))
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}&lang=en"


def hires(browser: StaffBrowser, person_id: str, *roles: Role, subject: str, issuer: str) -> None:
    browser.hires(person_id, *roles)
    with transaction(browser.hall.office.database) as tx:
        accounts.link_subject(tx, issuer, subject, person_id)


def test_who_the_provider_vouches_for_is_signed_in(browser: StaffBrowser, provider: RunningProvider) -> None:
    hires(browser, "clerk", Role.COUNTER, subject="subject-1", issuer=provider.issuer)
    assert "/sign-in/provider" in browser.opens("/sign-in").text

    page = browser.opens(returns(browser, "subject-1"))

    assert page.status_code == 200, page.text
    assert "Signed in as 示例clerk" in page.text


def test_the_providers_second_factor_counts_and_without_one_ours_is_asked_for(
    browser: StaffBrowser, provider: RunningProvider
) -> None:
    hires(browser, "one", Role.ADMINISTRATOR, subject="one", issuer=provider.issuer)
    hires(browser, "two", Role.ADMINISTRATOR, subject="two-mfa", issuer=provider.issuer)

    assert "Set up an authenticator" in browser.opens(returns(browser, "one")).text
    other = StaffBrowser(hall=browser.hall)
    assert other.opens(returns(other, "two-mfa")).status_code == 200
    assert other.opens("/office/people").status_code == 200


def test_somebody_whom_nobody_here_is_stays_outside(browser: StaffBrowser) -> None:
    page = browser.opens(returns(browser, "stranger"))

    assert page.status_code == 403
    assert browser.opens("/office").url.path == "/sign-in"


def test_an_answer_is_good_once_in_the_browser_that_asked_and_in_time(
    browser: StaffBrowser, provider: RunningProvider
) -> None:
    hires(browser, "clerk", Role.COUNTER, subject="subject-1", issuer=provider.issuer)
    address = returns(browser, "subject-1")

    assert StaffBrowser(hall=browser.hall).opens(address).status_code == 403, "another browser"
    assert browser.opens(address).status_code == 200
    assert browser.opens(address).status_code == 403, "again"
    late = returns(browser, "subject-1")
    browser.hall.town.clock.moves(VISIT_LIFE)
    assert browser.opens(late).status_code == 403, "too late"


def test_an_answer_with_another_state_code_or_issuer_is_refused(
    browser: StaffBrowser, provider: RunningProvider
) -> None:
    hires(browser, "clerk", Role.COUNTER, subject="subject-1", issuer=provider.issuer)
    for name, value in (("state", "x"), ("code", "x"), ("code", ""), ("iss", "https://evil.example")):
        address = returns(browser, "subject-1")
        asked = {key: each[0] for key, each in parse_qs(urlsplit(address).query).items()} | {name: value}
        page = browser.asks("GET", "/sign-in/return", params=asked)
        assert page.status_code == 403, name


@dataclass(kw_only=True)
class Liar:
    """A provider's judge with keys of our own, so that each claim can be a lie."""

    issuer: str
    key: ECKey
    judge: Provider

    def token(self, *, key: ECKey | None = None, algorithm: str = "ES256", **claims: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        good = {"iss": self.issuer, "aud": CLIENT, "sub": "s", "nonce": "n", "iat": now, "exp": now + 300}
        return jwt.encode({"alg": algorithm, "kid": "one"}, {**good, **claims}, key or self.key)


@pytest.fixture
def liar(provider: RunningProvider) -> Liar:
    """A judge that knows the real provider's addresses, with a key of the test's."""
    judge = Provider(issuer=provider.issuer, client_id=CLIENT, secret="s", return_address=RETURN)
    key = ECKey.generate_key("P-256", parameters={"kid": "one", "alg": "ES256", "use": "sig"})
    known = judge._metadata(at=datetime.now(UTC))
    public = KeySet.import_key_set({"keys": [key.as_dict(private=False)]})
    judge._known = type(known)(addresses=known.addresses, keys=public, read_at=known.read_at)
    return Liar(issuer=provider.issuer, key=key, judge=judge)


def test_a_token_that_is_right_in_all_is_believed(liar: Liar) -> None:
    vouched = liar.judge.judged(liar.token(), nonce="n", at=datetime.now(UTC))

    assert (vouched.subject, vouched.has_factor) == ("s", False)
    mfa = liar.judge.judged(liar.token(aud=[CLIENT], amr=["pwd", "otp"]), nonce="n", at=datetime.now(UTC))
    assert mfa.has_factor


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": None},
        {"azp": "another"},
        {"nonce": "m"},
        {"nonce": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "s" * 256},
        {"exp": 1},
        {"exp": "never"},
        {"iat": 1},
        {"iat": 32_503_680_000},
    ],
)
def test_a_token_that_is_wrong_in_one_claim_is_refused(liar: Liar, claims: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        liar.judge.judged(liar.token(**claims), nonce="n", at=datetime.now(UTC))


def test_a_token_by_another_key_or_by_none_is_refused(liar: Liar) -> None:
    other = ECKey.generate_key("P-256", parameters={"kid": "one"})
    head, body, _ = liar.token().split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{body}."

    for token in (liar.token(key=other), unsigned, f"{head}.{body}.", "x", ""):
        with pytest.raises(ProviderError):
            liar.judge.judged(token, nonce="n", at=datetime.now(UTC))


def test_a_token_is_good_for_as_long_as_clocks_differ(liar: Liar) -> None:
    now = datetime.now(UTC)
    token = liar.token(exp=int(now.timestamp()))

    liar.judge.judged(token, nonce="n", at=now + DRIFT - timedelta(seconds=2))
    with pytest.raises(ProviderError):
        liar.judge.judged(token, nonce="n", at=now + DRIFT + timedelta(seconds=2))


def test_a_provider_that_is_away_is_said_to_be(provider: RunningProvider) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for issuer in (away, f"{provider.issuer}/elsewhere"):
        judge = Provider(issuer=issuer, client_id=CLIENT, secret="s", return_address=RETURN)
        with pytest.raises(ProviderAwayError):
            judge.judged("x", nonce="n", at=datetime.now(UTC))
