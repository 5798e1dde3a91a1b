"""SM2 by gmssl-pyx (the GmSSL library): where the system's OpenSSL lacks SM2, and the cross-check of tests.

Slower than OpenSSL, and slower in checking than our own code: it is no faster checker.
"""

from collections.abc import Callable
from importlib.metadata import version

import gmssl_pyx

from keys.sm2_key import Sm2PrivateKey
from verify.sm2 import SIGNER_ID


class GmsslSm2:
    """The provider over gmssl-pyx."""

    check = None

    @property
    def name(self) -> str:
        """What the library is called, with the version of the package."""
        return f"gmssl-pyx {version('gmssl-pyx')}"

    def generate(self) -> Sm2PrivateKey:
        """Return a fresh key; the randomness is the library's own."""
        point, number = gmssl_pyx.sm2_key_generate()
        return Sm2PrivateKey(number, point)

    def signer(self, key: Sm2PrivateKey) -> Callable[[bytes], bytes]:
        """Return what signs a message with this key, in DER, from any thread."""
        return lambda message: gmssl_pyx.sm2_sign(key.number, key.point, message, SIGNER_ID)
