"""The second factor, held to the standards' own numbers."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from api.staff.authenticator import SECRET_BYTES, address, code_svg, digits_at, matching_step, secret_text, step_of

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 26, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_digits_are_those_of_rfc_6238(seconds: int, digits: str) -> None:
    """Appendix B, SHA-1: the standard shows eight digits, of which ours are the last six."""
    step = step_of(datetime.fromtimestamp(seconds, UTC))

    assert digits_at(SECRET, step) == digits[-6:]


def test_the_digits_are_those_of_rfc_4226() -> None:
    """Appendix D: the values of the first ten counters."""
    values = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

    assert [digits_at(SECRET, counter) for counter in range(10)] == values
    assert len(SECRET) == SECRET_BYTES


def test_the_half_minute_before_and_after_is_taken_and_no_other() -> None:
    here = step_of(NOW)
    found = {drift: matching_step(SECRET, digits_at(SECRET, here + drift), at=NOW) for drift in range(-3, 4)}

    assert found == {-3: None, -2: None, -1: here - 1, 0: here, 1: here + 1, 2: None, 3: None}
    assert step_of(NOW + timedelta(seconds=19)) == here
    assert step_of(NOW + timedelta(seconds=20)) == here + 1


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "１２３４５６", "12345\x00"])
def test_what_are_no_digits_fits_no_step(digits: str) -> None:
    assert matching_step(SECRET, digits, at=NOW) is None


def test_an_authenticator_reads_issuer_account_and_secret_whatever_they_are_called() -> None:
    found = urlsplit(address(SECRET, account="王芳:a&b", issuer="licences.example.gov.cn"))

    assert (found.scheme, found.netloc) == ("otpauth", "totp")
    assert found.path.count(":") == 1, "a colon parts issuer and account, so none may stand in either"
    assert parse_qs(found.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["licences.example.gov.cn"],
    }
    assert secret_text(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert code_svg("a").startswith('<svg class="code"')
