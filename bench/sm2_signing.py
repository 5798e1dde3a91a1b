"""The figure of SM2: what Python, locks and hashing take from OpenSSL's own speed."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figure import Figure
from keys import sm2

ROUNDS = 5
SECONDS = 1
# The line of `openssl speed`: seconds per signature and check, then signatures and checks in a second.
_LINE = re.compile(r"SM2 \(CurveSM2\)\s+\S+s\s+\S+s\s+([0-9.]+)\s+([0-9.]+)")
# What a seal signature signs: the structure with a certificate and a picture.
_MESSAGE = bytes(2000)


def sm2_sign(_folder: Path) -> Iterator[Figure]:
    """SM2 signatures a second through our provider, each with its own digest of 2 kB, against `openssl speed sm2` on
    this machine, which hashes 20 bytes. Seconds of processor time, as `openssl speed` counts; best of five rounds in turn.
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
    done, begin = 0, time.process_time()
    while time.process_time() - begin < SECONDS:
        sign(_MESSAGE)
        done += 1
    return done / (time.process_time() - begin)


def _openssl_speed() -> float:
    said = subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), "sm2"], capture_output=True, text=True, check=True
    ).stdout
    found = _LINE.search(said)
    if found is None:
        raise RuntimeError("openssl speed says something else of SM2")
    return float(found[1])
