"""The providers of SM2: what one signs the other's check accepts, and none is used before it proved itself."""

import threading
from collections.abc import Callable

import pytest

from keys import sm2
from keys.sm2_gmssl import GmsslSm2
from keys.sm2_key import Sm2MissingError, Sm2PrivateKey, Sm2Provider
from keys.sm2_openssl import LIBRARIES, OpenSslSm2
from verify.algorithms import Algorithm, SignatureError, check_signature
from verify.sm2 import encode_signature, load_sm2_key

PROVIDERS: tuple[Callable[[], Sm2Provider], ...] = (OpenSslSm2, GmsslSm2)


class SignsNonsense(GmsslSm2):
    """A library that is broken."""

    def signer(self, key: Sm2PrivateKey) -> Callable[[bytes], bytes]:
        sign = super().signer(key)
        return lambda message: sign(message + b"\x00")


class IsNotThere(GmsslSm2):
    """A library that was built without SM2."""

    def generate(self) -> Sm2PrivateKey:
        raise Sm2MissingError("none")


@pytest.mark.parametrize("make", PROVIDERS)
@pytest.mark.parametrize("by", PROVIDERS)
def test_a_key_of_one_library_signs_in_the_other(
    make: Callable[[], Sm2Provider], by: Callable[[], Sm2Provider]
) -> None:
    key = make().generate()
    sign = sm2.signer(key, by=by())

    for message in (b"", b"message", bytes(100_000)):
        signature = sign(message)
        check_signature(Algorithm.SM2, key.spki, message, signature)
        assert sign(message) != signature  # a fresh random number each time
        with pytest.raises(SignatureError):
            check_signature(Algorithm.SM2, key.spki, message + b"\x00", signature)


def test_openssl_comes_first_and_what_is_broken_or_missing_is_passed_over() -> None:
    assert sm2.provider().name.startswith("OpenSSL 3.")
    assert sm2.provider() is sm2.provider()
    found = sm2.choose((lambda: OpenSslSm2(("libnothing.so.9",)), SignsNonsense, IsNotThere, GmsslSm2))
    assert found.name.startswith("gmssl-pyx 2.")
    assert found.check is None
    with pytest.raises(Sm2MissingError):
        sm2.choose((IsNotThere, SignsNonsense))
    with pytest.raises(Sm2MissingError):
        OpenSslSm2(("libnothing.so.9", "libc.so.6"))
    with pytest.raises(Sm2MissingError):
        OpenSslSm2(algorithm=b"SM9").generate()  # as where SM2 was left out


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_number_that_is_not_that_of_the_point_is_no_key(provider: Callable[[], Sm2Provider]) -> None:
    library = provider()
    one, other = library.generate(), library.generate()

    with pytest.raises(ValueError, match="not that of its public half"):
        sm2.signer(Sm2PrivateKey(one.number, other.point), by=library)


def test_openssl_agrees_with_our_own_check() -> None:
    library = OpenSslSm2(LIBRARIES)
    key = library.generate()
    public = load_sm2_key(key.spki)
    signature, e = library.signer(key)(b"message"), public.digest(b"message")

    assert library.check(key.spki, e, signature)
    assert not library.check(key.spki, public.digest(b"another"), signature)
    assert not library.check(library.generate().spki, e, signature)
    assert not library.check(key.spki, e, encode_signature(1, 1))
    assert library.check(key.spki, e, signature)  # an error before leaves nothing behind
    with pytest.raises(ValueError, match="refuses"):
        library.check(b"no key", e, signature)


def test_one_signer_serves_many_threads() -> None:
    key = sm2.provider().generate()
    sign = sm2.signer(key)
    signatures: list[tuple[bytes, bytes]] = []

    def work(name: bytes) -> None:
        signatures.extend((name + bytes((each,)), sign(name + bytes((each,)))) for each in range(20))

    threads = [threading.Thread(target=work, args=(bytes((each,)),)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(signatures) == 80
    for message, signature in signatures:
        check_signature(Algorithm.SM2, key.spki, message, signature)
