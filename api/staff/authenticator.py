"""The second factor: six digits that change every half minute (TOTP, RFC 6238), and the code that a phone scans.

Promises:
  * Pure: the moment and the secret are arguments.
  * Digits of the half minute before and after are taken too, for clocks differ; the caller takes each step once.
"""

import base64
import hmac
import struct
from datetime import datetime
from typing import Final
from urllib.parse import quote

from signer.page.qr import qr_matrix

STEP_SECONDS: Final = 30
DIGITS: Final = 6
# RFC 4226, section 4, R6 recommends 160 bits; all authenticators know SHA-1, and few know more.
SECRET_BYTES: Final = 20
_DRIFT_STEPS: Final = (0, -1, 1)
# What the standard asks to stay white around a code, in modules.
_QUIET: Final = 4


def step_of(at: datetime) -> int:
    """Return the number of the half minute."""
    return int(at.timestamp()) // STEP_SECONDS


def digits_at(secret: bytes, step: int) -> str:
    """Return the six digits of a step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number: int = struct.unpack_from(">I", mac, offset)[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, digits: str, *, at: datetime) -> int | None:
    """Return the step whose digits these are, among now and the steps beside it; all are compared."""
    here = step_of(at)
    steps = [here + drift for drift in _DRIFT_STEPS]
    fitting = [step for step in steps if hmac.compare_digest(digits_at(secret, step).encode(), digits.encode())]
    return fitting[0] if fitting else None


def secret_text(secret: bytes) -> str:
    """Return the secret as people type it into an authenticator: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the otpauth address that authenticators read from a code."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    text = base64.b32encode(secret).decode()
    return f"otpauth://totp/{label}?secret={text}&issuer={quote(issuer, safe='')}"


def code_file(text: str) -> str:
    """Return the code of a text as an SVG file."""
    return code_svg(text).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def code_svg(text: str) -> str:
    """Return the code of a text as one SVG element, black on white also in dark pages."""
    matrix = qr_matrix(text)
    side = matrix.size + 2 * _QUIET
    path = "".join(f"M{x + _QUIET} {y + _QUIET}h{width}v{height}h-{width}z" for x, y, width, height in matrix.rects)
    return (
        f'<svg class="code" viewBox="0 0 {side} {side}" width="{side * 5}" height="{side * 5}" '
        f'aria-hidden="true" focusable="false" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    )
