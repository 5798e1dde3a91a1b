"""The passphrase of key files: one that was drawn here, and how hard guessing any other is made.

Promises:
  * A passphrase that has not the form of a drawn one, or holds a text, is stretched at the usual cost. Whoever makes
    one of that form from a word by a hash gives it away: the form is for 256 random bits.
  * One of 256 random bits is not stretched: nobody guesses it, however quickly a guess is tried, and a command that
    opens four keys need not make a person wait for a second.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from keys.key_files import ScryptCost

# As many as the keys of AES-256 have that are derived from it.
RANDOM_BYTES: Final = 32
USUAL_COST: Final = ScryptCost()
# The least that the format of key files allows: four milliseconds.
DRAWN_COST: Final = ScryptCost(n=1024, r=8, p=1)
# With its sign of equality; fewer come once in 10^11 draws. A key that was held down does not pass for a drawn one.
_DISTINCT_MIN: Final = 18


def draw_passphrase(random: Callable[[int], bytes]) -> bytes:
    """Return a passphrase of 256 bits that `random` draws: 44 characters of base64url."""
    return base64.urlsafe_b64encode(random(RANDOM_BYTES))


def cost_of(passphrase: bytes) -> ScryptCost:
    """Return what key files under this passphrase are derived at: the least for one that was drawn, else the usual."""
    return DRAWN_COST if _is_drawn(passphrase) else USUAL_COST


def _is_drawn(passphrase: bytes) -> bool:
    try:
        content = base64.b64decode(passphrase, altchars=b"-_", validate=True)
    except binascii.Error:
        return False
    is_whole = len(content) == RANDOM_BYTES and base64.urlsafe_b64encode(content) == passphrase
    try:
        content.decode()
    except UnicodeDecodeError:
        pass
    else:
        return False  # a text that somebody put into this form
    # Words that happen to have this form have letters of one size.
    has_both_sizes = passphrase.upper() != passphrase != passphrase.lower()
    return is_whole and has_both_sizes and len(set(passphrase)) >= _DISTINCT_MIN
