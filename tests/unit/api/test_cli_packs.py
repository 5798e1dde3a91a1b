"""`yinzheng pack`: a pack is opened before it is kept or told of, from a server, a file or a stick."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from api.cli.offline import encode_public_key
from api.cli.program import run
from api.cli.start import load
from api.clock import clock
from tests.code_room import Signer
from tests.pack_room import PackRoom, sign_trust
from verify.pack import open_pack

ROOM = PackRoom()


def fresh_pack(sequence: int = 9, *, days: int = 7) -> bytes:
    """Return a pack of this moment; `days` is how long it may be used from now on."""
    now = clock().replace(microsecond=0)
    year = timedelta(days=365)
    service = ROOM.service.trusted(use=2, not_before=now - year, not_after=now + year)
    trust = ROOM.trust(issued_at=now - timedelta(days=10), expires_at=now + timedelta(days=20))
    (office,) = trust.issuers
    trust = replace(trust, issuers=(replace(office, keys=(*ROOM.codes, service)),))
    issued_at = now - timedelta(days=8)
    return ROOM.pack(
        trust=sign_trust(trust, ROOM.root),
        at=issued_at,
        sequence=sequence,
        issued_at=issued_at,
        expires_at=now + timedelta(days=days),
    )


def commands(*words: str) -> int:
    return run(words, load(words))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(encode_public_key(ROOM.root.spki))
    return path


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server would."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def stick(folder: Path, content: bytes) -> Path:
    """Return a copy of the published folder with this pack in it."""
    (folder / "pack").mkdir(parents=True, exist_ok=True)
    (folder / "pack" / "counter").write_bytes(content)
    return folder


def test_a_pack_on_a_stick_is_told_of(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stick(tmp_path / "stick", fresh_pack())

    code = commands("--json", "pack", "show", str(folder), "--root", str(root))
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert (told["sequence"], told["issuers"], told["status_lists"], told["age_hours"]) == (9, 1, 1, 192)
    assert commands("pack", "verify", str(folder), "--root", str(root)) == 0


def test_a_pack_that_is_over_or_anothers_is_refused(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = stick(tmp_path / "over", fresh_pack(days=0))
    other = tmp_path / "other.pem"
    other.write_bytes(encode_public_key(Signer(99).spki))

    assert commands("--lang", "en", "pack", "verify", str(over), "--root", str(root)) != 0
    assert "[pack.expired]" in capsys.readouterr().err
    assert commands("pack", "show", str(over), "--root", str(root)) == 0
    assert commands("pack", "show", str(over), "--root", str(other)) != 0
    assert "[trust_list.signature]" in capsys.readouterr().err


@pytest.mark.server
def test_a_pack_is_fetched_and_nothing_older_takes_its_place(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, site = tmp_path / "counter.pack", tmp_path / "site"
    fetch = ("--lang", "en", "pack", "fetch", "--root", str(root), "--to", str(kept))

    with web(stick(site, fresh_pack(sequence=12))) as address:
        assert commands(*fetch, address) == 0
        stick(site, fresh_pack(sequence=11))
        assert commands(*fetch, address) != 0
        assert "[pack.older]" in capsys.readouterr().err
        stick(site, b"no pack")
        assert commands(*fetch, address) != 0
        assert commands(*fetch, f"{address}/elsewhere") != 0

    assert open_pack(kept.read_bytes(), ROOM.pinned).manifest.sequence == 12
