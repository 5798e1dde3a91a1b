"""SM2 by the system's OpenSSL, version 3 or later, through ctypes: the usual provider.

Promises:
  * The signer's id is always in what is signed: the digest Z is made by `verify.sm2`, so that OpenSSL's own default,
    the empty id before version 4, never comes in.
  * A key has one signing context in each thread that uses it, made at first use and used again; making one costs more
    than hashing a licence. Other threads run while OpenSSL computes.
  * Every pointer that OpenSSL gives is freed with the object that holds it.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from keys.sm2_key import Sm2MissingError, Sm2PrivateKey
from verify.sm2 import NUMBER_BYTES, load_sm2_key

LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
"""Names of OpenSSL's library where we run, the one that is tested first."""

# DER of two numbers of 33 octets, with its heads.
_SIGNATURE_BYTES_MAX: Final = 72
_POINT_BYTES: Final = 1 + 2 * NUMBER_BYTES
# A public key of OpenSSL takes a few kilobytes; authorities, seals and makers come back with each document.
_KEYS_REMEMBERED: Final = 256

_Pointer = ctypes.c_void_p
_Place = ctypes.POINTER(ctypes.c_void_p)
_Bytes = ctypes.c_char_p
_PlaceOfBytes = ctypes.POINTER(ctypes.c_char_p)
_Size = ctypes.c_size_t
_PlaceOfSize = ctypes.POINTER(ctypes.c_size_t)
_Int = ctypes.c_int

# Name, what it returns, what it takes.
_FUNCTIONS: Final = (
    ("OpenSSL_version", _Bytes, (_Int,)),
    ("d2i_AutoPrivateKey", _Pointer, (_Pointer, _PlaceOfBytes, ctypes.c_long)),
    ("d2i_PUBKEY", _Pointer, (_Pointer, _PlaceOfBytes, ctypes.c_long)),
    ("EVP_PKEY_free", None, (_Pointer,)),
    ("EVP_PKEY_CTX_new", _Pointer, (_Pointer, _Pointer)),
    ("EVP_PKEY_CTX_new_from_name", _Pointer, (_Pointer, _Bytes, _Bytes)),
    ("EVP_PKEY_CTX_free", None, (_Pointer,)),
    ("EVP_PKEY_keygen_init", _Int, (_Pointer,)),
    ("EVP_PKEY_generate", _Int, (_Pointer, _Place)),
    ("EVP_PKEY_get_bn_param", _Int, (_Pointer, _Bytes, _Place)),
    ("EVP_PKEY_get_octet_string_param", _Int, (_Pointer, _Bytes, _Bytes, _Size, _PlaceOfSize)),
    ("BN_bn2binpad", _Int, (_Pointer, _Bytes, _Int)),
    ("BN_clear_free", None, (_Pointer,)),
    ("EVP_PKEY_sign_init", _Int, (_Pointer,)),
    ("EVP_PKEY_sign", _Int, (_Pointer, _Bytes, _PlaceOfSize, _Bytes, _Size)),
    ("EVP_PKEY_verify_init", _Int, (_Pointer,)),
    ("EVP_PKEY_verify", _Int, (_Pointer, _Bytes, _Size, _Bytes, _Size)),
    ("ERR_clear_error", None, ()),
)


class _Held:
    """A pointer of OpenSSL that is freed with this object."""

    __slots__ = ("_free", "pointer")

    def __init__(self, pointer: int | None, free: Callable[[int], None]) -> None:
        if not pointer:
            raise ValueError("OpenSSL refuses the key")
        self.pointer = pointer
        self._free = free

    def __del__(self) -> None:
        if hasattr(self, "pointer"):
            self._free(self.pointer)


class _Contexts(threading.local):
    """The signing context of one key in this thread."""

    held: _Held | None = None


class _Checking(threading.local):
    """The contexts of this thread for the keys that it checked by last; to make one takes half as long as a check."""

    def __init__(self, opened: Callable[[bytes], _Held]) -> None:
        self.context = lru_cache(maxsize=_KEYS_REMEMBERED)(opened)


class OpenSslSm2:
    """The provider over one library of OpenSSL. Raises `Sm2MissingError` where there is none, or none with SM2."""

    def __init__(self, libraries: tuple[str, ...] = LIBRARIES, algorithm: bytes = b"SM2") -> None:
        self._library = _load(libraries)
        self._algorithm = algorithm
        self._checking = _Checking(self._check_context)

    @property
    def name(self) -> str:
        """What the library calls itself, as in `OpenSSL 3.0.19 27 Jan 2026`."""
        text: bytes = self._library.OpenSSL_version(0)
        return text.decode()

    def generate(self) -> Sm2PrivateKey:
        """Return a fresh key; the randomness is OpenSSL's own. Raises `Sm2MissingError` when it makes none."""
        library = self._library
        context = library.EVP_PKEY_CTX_new_from_name(None, self._algorithm, None)
        made = ctypes.c_void_p()
        try:
            _demand(bool(context) and library.EVP_PKEY_keygen_init(context) == 1)
            _demand(library.EVP_PKEY_generate(context, ctypes.byref(made)) == 1)
            return self._export(_Held(made.value, library.EVP_PKEY_free))
        finally:
            library.EVP_PKEY_CTX_free(context)
            library.ERR_clear_error()

    def signer(self, key: Sm2PrivateKey) -> Callable[[bytes], bytes]:
        """Return what signs a message with this key, in DER, from any thread. Raises ``ValueError`` for a bad key."""
        library, public, contexts = self._library, load_sm2_key(key.spki), _Contexts()
        private = self._read(library.d2i_AutoPrivateKey, key.to_pkcs8())

        def sign(message: bytes) -> bytes:
            held = contexts.held
            if held is None:
                held = contexts.held = self._context(private, library.EVP_PKEY_sign_init)
            e = public.digest(message)
            signature, length = ctypes.create_string_buffer(_SIGNATURE_BYTES_MAX), ctypes.c_size_t(_SIGNATURE_BYTES_MAX)
            _demand(library.EVP_PKEY_sign(held.pointer, signature, ctypes.byref(length), e, len(e)) == 1)
            return signature.raw[: length.value]

        return sign

    def check(self, spki: bytes, e: bytes, signature: bytes) -> bool:
        """Say whether a signature fits; for `verify.sm2.use_faster`, which reads key and signature strictly before."""
        library = self._library
        context = self._checking.context(spki)
        fits: bool = library.EVP_PKEY_verify(context.pointer, signature, len(signature), e, len(e)) == 1
        if not fits:
            library.ERR_clear_error()
        return fits

    def _check_context(self, spki: bytes) -> _Held:
        return self._context(self._read(self._library.d2i_PUBKEY, spki), self._library.EVP_PKEY_verify_init)

    def _read(self, read: Callable[..., int | None], data: bytes) -> _Held:
        try:
            return _Held(read(None, ctypes.byref(ctypes.c_char_p(data)), len(data)), self._library.EVP_PKEY_free)
        finally:
            self._library.ERR_clear_error()

    def _context(self, key: _Held, begin: Callable[[int], int]) -> _Held:
        """Return a context that holds the key too, for as long as it lives."""
        library = self._library
        context = _Held(library.EVP_PKEY_CTX_new(key.pointer, None), library.EVP_PKEY_CTX_free)
        _demand(begin(context.pointer) == 1)
        return context

    def _export(self, key: _Held) -> Sm2PrivateKey:
        library = self._library
        number, number_bytes = ctypes.c_void_p(), ctypes.create_string_buffer(NUMBER_BYTES)
        point, length = ctypes.create_string_buffer(_POINT_BYTES), ctypes.c_size_t()
        try:
            _demand(library.EVP_PKEY_get_bn_param(key.pointer, b"priv", ctypes.byref(number)) == 1)
            _demand(library.BN_bn2binpad(number, number_bytes, NUMBER_BYTES) == NUMBER_BYTES)
            wanted = (key.pointer, b"pub", point, len(point), ctypes.byref(length))
            _demand(library.EVP_PKEY_get_octet_string_param(*wanted) == 1)
        finally:
            library.BN_clear_free(number)
        return Sm2PrivateKey(number_bytes.raw, point.raw[1:])


def _demand(done: bool) -> None:  # noqa: FBT001 - the one thing that it looks at
    """Refuse to go on with a library that does not do what was asked of it."""
    if not done:
        raise Sm2MissingError("OpenSSL was built without SM2, or fails at it")


def _load(names: tuple[str, ...]) -> ctypes.CDLL:
    for name in names:
        try:
            library = ctypes.CDLL(name)
            for function, result, arguments in _FUNCTIONS:
                found = getattr(library, function)
                found.restype, found.argtypes = result, list(arguments)
        except (OSError, AttributeError):  # not there, or older than version 3
            continue
        return library
    raise Sm2MissingError("no OpenSSL of version 3 or later")
