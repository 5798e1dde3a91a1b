"""The composition root: what stops the start, what is opened when, and what a public process never touches."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.errors import NoCustodyError, NoDatabaseError, NoKeysError, NoTemplateError
from api.public_files import PublicFiles
from api.settings import Settings, SettingsError
from api.wiring import STATUS_PATH, build, build_public, desk_settings, open_registry
from registry.catalogue import add_type, find_type
from registry.db import open_database, reading, transaction
from registry.errors import DatabaseSchemaError
from signer.errors import LogForkError
from signer.log_files import FolderStore
from signer.publish import publish
from tests.hall import Hall, prepare_folder, settings_of
from tests.town import HOST, SETTINGS, SIGNBOARD, Town

PUBLIC_SERVER = """
import os, sys
folder, url, host, port, moment = sys.argv[1:6]
def watch(event, arguments):
    if event in {"open", "os.listdir", "os.scandir", "os.chmod"} and str(arguments[0]).startswith(os.path.join(folder, "keys")):
        os._exit(99)
sys.addaudithook(watch)
from datetime import datetime
from pathlib import Path
from api.serving import serve
from api.settings import Settings
from api.wiring import build_public
settings = Settings(data=Path(folder), database_url=url, public_address=f"https://{host}", test=True)
office = build_public(settings, clock=lambda: datetime.fromisoformat(moment))  # the town's
serve(office, public=True, host="127.0.0.1", port=int(port))
"""


def test_the_office_of_a_town_issues_with_the_towns_own_settings(sqlite_hall: Hall) -> None:
    assert desk_settings(sqlite_hall.office.settings) == SETTINGS.__class__(
        host=HOST,
        status_prefix=SETTINGS.status_prefix,
        crl_url=f"https://{HOST}/authority.crl",
        national_crl_url=f"https://{HOST}/national.crl",
        test=True,
    )
    assert sqlite_hall.issues()["state"] == "in_force"


def test_no_key_is_opened_before_something_is_signed(sqlite_hall: Hall) -> None:
    (sqlite_hall.town.folder / "passphrase").write_bytes(b"another passphrase")

    read = sqlite_hall.ask("GET", "/api/v1/licences", key="officer")
    checked = sqlite_hall.ask("GET", "/api/v1/checks/0000000000000000")
    body = sqlite_hall.body(sqlite_hall.town.signboard_draft())
    signed = sqlite_hall.ask("POST", "/api/v1/licences", key="officer", once="12345678", json=body)

    assert (read.status_code, checked.status_code) == (200, 200)
    assert (signed.status_code, signed.json()["code"]) == (500, "key.passphrase")


def test_a_folder_without_a_registry_stops_the_start_and_makes_none(tmp_path: Path) -> None:
    for start in (build, build_public):
        with pytest.raises(NoDatabaseError):
            start(Settings(data=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_tables_of_another_version_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"")

    for start in (build, build_public):
        with pytest.raises(DatabaseSchemaError):
            start(Settings(data=tmp_path))


def test_missing_keys_stop_the_office_and_not_the_public(sqlite_town: Town) -> None:
    prepare_folder(sqlite_town)
    (sqlite_town.folder / "keys").rename(sqlite_town.folder / "elsewhere")

    with pytest.raises(NoKeysError):
        build(settings_of(sqlite_town))
    public = build_public(settings_of(sqlite_town), clock=sqlite_town.clock)
    assert public.evidence().trust is not None
    public.close()


def test_a_passphrase_file_that_is_missing_open_to_others_or_short_stops_the_start(sqlite_town: Town) -> None:
    prepare_folder(sqlite_town)
    passphrase = sqlite_town.folder / "passphrase"

    changes = {
        "open": lambda: passphrase.chmod(0o644),
        "length": lambda: passphrase.write_bytes(b"short"),
        "unreadable": passphrase.unlink,
    }
    for cause, change in changes.items():
        change()
        with pytest.raises(SettingsError) as refused:
            build(settings_of(sqlite_town))
        assert refused.value.params == {"name": "YINZHENG_PASSPHRASE_FILE", "cause": cause}
        passphrase.write_bytes(b"four words of dice")
        passphrase.chmod(0o600)


def test_a_missing_template_stops_the_start_by_name(sqlite_town: Town) -> None:
    from dataclasses import replace

    prepare_folder(sqlite_town)
    with transaction(sqlite_town.database) as tx:
        known = find_type(tx, SIGNBOARD)
        assert known is not None
        add_type(tx, replace(known, version=2, template="no_such_template"))

    with pytest.raises(NoTemplateError) as refused:
        build(settings_of(sqlite_town))
    assert refused.value.params == {"name": "no_such_template"}
    (sqlite_town.folder / "templates").mkdir()
    (sqlite_town.folder / "templates" / "no_such_template.toml").write_text("")
    build(settings_of(sqlite_town)).close()


def test_roots_of_an_outside_time_stamp_service_that_cannot_be_read_stop_the_start(sqlite_town: Town) -> None:
    prepare_folder(sqlite_town)
    roots = sqlite_town.folder / "roots.pem"
    settings = settings_of(sqlite_town, timestamp_url="http://127.0.0.1:1/", timestamp_roots=roots)

    for content in (None, b"not a certificate"):
        if content is not None:
            roots.write_bytes(content)
        with pytest.raises(SettingsError):
            build(settings)


def test_a_database_url_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError) as refused:
        open_registry(Settings(database_url="mysql://user:secret@host/db"))
    assert "secret" not in str(refused.value)


def test_a_registry_older_than_what_was_published_signs_nothing(sqlite_town: Town) -> None:
    prepare_folder(sqlite_town)
    old = (sqlite_town.folder / "registry.sqlite").read_bytes()
    sqlite_town.issues(sqlite_town.signboard_draft())
    settings = settings_of(sqlite_town)
    publish(sqlite_town.database, sqlite_town.desk.log.verifier, FolderStore(settings.published_folder))
    sqlite_town.database.close()
    for path in sqlite_town.folder.glob("registry.sqlite*"):
        path.unlink()
    (sqlite_town.folder / "registry.sqlite").write_bytes(old)

    restored = build(settings, clock=sqlite_town.clock)

    with pytest.raises(LogForkError):
        _ = restored.desk
    restored.close()


def test_the_public_office_has_no_desk(sqlite_town: Town) -> None:
    public = build_public(settings_of(sqlite_town), clock=sqlite_town.clock)

    for part in ("desk", "key_desk"):
        with pytest.raises(NoCustodyError):
            getattr(public, part)
    public.close()


def test_evidence_is_what_the_registry_published_and_holds_now(sqlite_town: Town) -> None:
    sqlite_town.issues(sqlite_town.signboard_draft())
    sqlite_town.publishes()
    public = build_public(settings_of(sqlite_town), clock=sqlite_town.clock)

    now = public.evidence()
    sqlite_town.clock.moves(timedelta(days=31))
    later = public.evidence()

    assert list(now.status_lists) == [f"https://{HOST}{STATUS_PATH}1"]
    assert now.offline_hours[SIGNBOARD] == public.offline_hours()[SIGNBOARD] == 24
    assert (later.trust, dict(later.status_lists)) == (None, {})
    public.close()


def test_a_status_list_that_does_not_hold_is_as_good_as_none(sqlite_town: Town) -> None:
    from registry import artefacts

    sqlite_town.issues(sqlite_town.signboard_draft())
    with transaction(sqlite_town.database) as tx:
        artefacts.store(tx, "status_list", "1", b"forged", sequence=2**62, at=sqlite_town.now)

    files = PublicFiles(database=sqlite_town.database, status_prefix=SETTINGS.status_prefix)

    assert dict(files.evidence(at=sqlite_town.now).status_lists) == {}


def test_closing_an_office_notes_how_often_its_keys_were_used(sqlite_hall: Hall) -> None:
    sqlite_hall.issues()

    sqlite_hall.office.close()

    again = open_database(sqlite_hall.office.settings.database)
    with reading(again) as tx:
        uses = dict(tx.execute(_uses()).all())
    again.close()
    assert any(key.startswith("timestamp.") and count >= 1 for key, count in uses.items())


def _uses() -> object:
    from sqlalchemy import text

    return text("SELECT key, uses FROM key_use")


@pytest.mark.server
def test_a_public_server_answers_without_ever_looking_at_the_key_folder(sqlite_town: Town) -> None:
    issued = sqlite_town.issues(sqlite_town.signboard_draft())
    sqlite_town.publishes()
    settings, port = settings_of(sqlite_town), _free_port()
    arguments = [str(sqlite_town.folder), settings.database, HOST, str(port), sqlite_town.now.isoformat()]
    server = subprocess.Popen(
        [sys.executable, "-c", PUBLIC_SERVER, *arguments], stderr=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait(client, server)
            answers = [
                _said(client.get(f"/api/v1/checks/{issued.record.licence_id}")),
                _said(client.post("/api/v1/verifications", json={"text": issued.record.token_text})),
                _said(client.post("/api/v1/verifications/file", files={"file": ("a.pdf", issued.document)})),
                client.get("/status/1").status_code,
                client.get("/log/checkpoint").status_code,
                client.get(f"/v/{issued.record.licence_id}").status_code,
                client.get("/api/v1/licences").status_code,
            ]
            server_header = client.get("/api/v1/healthz").headers.get("server")
    finally:
        server.terminate()
        _, written = server.communicate(timeout=60)

    assert server.returncode != 99, "the process looked into the key folder"
    assert answers == ["valid", "valid", "valid", 200, 200, 200, 404], written.decode()[-2000:]
    assert server_header is None
    assert issued.record.licence_id.encode() not in written


def _said(answer: httpx.Response) -> str:
    """Return the verdict, or the code of the problem that stood in its way."""
    said: str = answer.json().get("verdict") or answer.json()["code"]
    return said


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait(client: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            client.get("/api/v1/healthz")
        except httpx.TransportError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(os.getpid())
