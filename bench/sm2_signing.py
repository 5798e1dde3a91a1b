"""The figure of SM2: what Python, locks and hashing take from OpenSSL's own speed."""

import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figure import Figure
from keys import sm2

ROUNDS = 9
SECONDS = 1
# Between two looks at the clock.
_AT_ONCE = 50
# The line of `openssl speed`: seconds per signature and check, then signatures and checks in a second.
_LINE = re.compile(r"SM2 \(CurveSM2\)\s+\S+s\s+\S+s\s+([0-9.]+)\s+([0-9.]+)")
# As long as what `openssl speed` signs.
_MESSAGE = bytes(20)


def sm2_sign(_folder: Path) -> Iterator[Figure]:
    """SM2 signatures a second through our provider over 20 bytes, digest and signer's id included, against `openssl
    speed sm2` on this machine, which signs as many. User time, as `openssl speed` counts; best of nine rounds in turn.
    """
    provider = sm2.provider()
    sign = sm2.signer(provider.generate())
    ours = theirs = 0.0
    for _ in range(ROUNDS):
        ours = max(ours, _signatures_a_second(sign))
        theirs = max(theirs, _openssl_speed())
    yield Figure(
        name="sm2_sign",
        value=ours / theirs,
        unit="times",
        goal=0.9,
        own=f"{ours:.0f}/s ({provider.name})",
        rival=f"openssl speed sm2: {theirs:.0f}/s",
    )


def _signatures_a_second(sign: Callable[[bytes], bytes]) -> float:
    done, begin = 0, _user_seconds()
    while _user_seconds() - begin < SECONDS:
        for _ in range(_AT_ONCE):
            sign(_MESSAGE)
        done += _AT_ONCE
    return done / (_user_seconds() - begin)


def _user_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def _openssl_speed() -> float:
    said = subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), "sm2"], capture_output=True, text=True, check=True
    ).stdout
    found = _LINE.search(said)
    if found is None:
        raise RuntimeError("openssl speed says something else of SM2")
    return float(found[1])
