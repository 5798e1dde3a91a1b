"""Answers in the smallest form: brotli, else gzip, else as they are; what got no smaller stays as it was."""

import gzip

import brotli  # type: ignore[import-untyped]
from fastapi import Request
from starlette.responses import Response

from api.compression import compressed
from api.pages.scripts import UNSAID
from api.texts import catalogue
from tests.test_texts import ROOT

TEXT = "证照核验 " * 200


def asked(encodings: str) -> Request:
    headers = [(b"accept-encoding", encodings.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""})


def test_each_browser_gets_what_it_takes_and_reads_the_same() -> None:
    for encodings, encoding, read in (
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
        ("br;q=0", None, bytes),
        ("br;q=0, gzip", "gzip", gzip.decompress),
        ("BR ; Q=0.000, gzip;q=0.5", "gzip", gzip.decompress),
        ("br;q=0.2, gzip;q=0.8", "gzip", gzip.decompress),
        ("br;q=0.5, identity", None, bytes),
        ("*", "br", brotli.decompress),
        ("*;q=0.1, br;q=0", "gzip", gzip.decompress),
        ("*;q=0", None, bytes),
        ("br;q=nothing, gzip;q=2", None, bytes),
    ):
        for is_kept in (True, False):
            answer = compressed(asked(encodings), Response(TEXT, headers={"Vary": "Origin"}), is_kept=is_kept)

            assert answer.headers.get("content-encoding") == encoding
            assert read(bytes(answer.body)).decode() == TEXT
            assert answer.headers["content-length"] == str(len(answer.body))
            assert answer.headers["vary"] == "Origin, Accept-Encoding"


def test_what_would_grow_stays_and_other_bytes_have_a_weak_tag() -> None:
    short = compressed(asked("br"), Response("x", headers={"ETag": '"1"'}))
    long = compressed(asked("br"), Response(TEXT, headers={"ETag": '"1"'}))

    refused = compressed(asked("gzip, identity;q=0"), Response("x"))

    assert gzip.decompress(bytes(refused.body)) == b"x", "who refuses the bytes as they are is not sent them"
    assert (bytes(short.body), short.headers.get("content-encoding"), short.headers["etag"]) == (b"x", None, '"1"')
    assert long.headers["etag"] == 'W/"1"'


def test_the_words_that_no_page_loads_are_said_of_no_licence() -> None:
    findings = "".join(path.read_text() for path in (ROOT / "verify").glob("*.py"))

    assert {code for code in UNSAID if f'"{code}"' in findings} == set()
    assert set(catalogue("zh")) >= UNSAID
