"""Purposes: each key logs first, is counted, or is the log itself."""

from verify.key_purpose import COUNTED, LOG_FIRST, TRUST_LIST_USE, KeyPurpose


def test_each_purpose_logs_first_or_is_counted_or_is_the_log() -> None:
    assert set(KeyPurpose) - {KeyPurpose.CHECKPOINT} == LOG_FIRST | COUNTED
    assert not LOG_FIRST & COUNTED


def test_the_uses_of_the_trust_list_are_those_of_its_page() -> None:
    assert {purpose.value: use for purpose, use in TRUST_LIST_USE.items()} == {
        "code": 1,
        "status_list": 2,
        "receipt": 3,
        "presentation": 5,
        "document": 6,
        "seal": 7,
    }
