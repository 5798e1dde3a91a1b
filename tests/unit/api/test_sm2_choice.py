"""What makes and checks SM2 signatures in a process."""

from collections.abc import Iterator

import pytest

from api.sm2_choice import choose_sm2
from keys import sm2
from verify.algorithms import Algorithm, SignatureError, check_signature
from verify.sm2 import use_faster


@pytest.fixture(autouse=True)
def _back_to_python() -> Iterator[None]:
    yield
    use_faster(None)


def test_the_process_signs_and_checks_with_the_same_library_and_both_checkers_agree() -> None:
    key = sm2.provider().generate()
    signature = sm2.signer(key)(b"a message")

    chosen = choose_sm2()

    assert chosen.signs == chosen.checks == sm2.provider().name
    assert chosen.signs.startswith("OpenSSL 3.")
    check_signature(Algorithm.SM2, key.spki, b"a message", signature)
    with pytest.raises(SignatureError):
        check_signature(Algorithm.SM2, key.spki, b"another message", signature)
