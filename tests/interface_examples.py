"""The examples that stand in the interface's description: asked of a real office, and written down with its answers.

`python -m tests.interface_examples` founds a town, asks all of this and writes `api/v1/examples.json`; then
`python -m tests.test_openapi` writes the snapshot anew.

Each request stands there in Chinese and in English. An answer is shown once: its names are in both languages anyway.
"""

import json
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from api.openapi import EXAMPLES
from registry.db import open_database, reading
from registry.licences import find_licence
from registry.schema import upgrade
from tests.hall import Hall
from tests.official_office import plain_pdf
from tests.town import Town
from verify.values import LicenceId

Example = Mapping[str, Any]
_BASIS: Final = {"zh": "《食品安全法》第一百一十条", "en": "Food Safety Law, article 110"}
_CASE: Final = {"zh": "示检〔2026〕7号", "en": "SAMPLE-INSPECTION-2026-7"}
_HOLDER: Final = {"zh": "示例市老城餐饮有限公司", "en": "Sample City Old Town Catering Co., Ltd."}
_TITLE: Final = {"zh": "关于准予行政许可的决定", "en": "Decision granting a permit"}
_LANGUAGES: Final = ("zh", "en")
# What a form's file is shown as; the description has no bytes.
_FILE: Final = "(the bytes of a PDF or OFD)"
_TOKEN: Final = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "(the signed JWT)",
}


class Asker:
    """Asks a hall in both languages, and keeps what was asked and answered by the operation's name."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.kept: dict[str, dict[str, Any]] = {}

    def asks(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask once, keep the answer as the operation's example."""
        answer = self.hall.ask(method, f"/api/v1{path}", **more)
        assert answer.is_success, answer.text
        self.kept.setdefault(name, {}).setdefault("answers", {})[str(answer.status_code)] = answer.json()
        return answer

    def requests(self, name: str, bodies: Mapping[str, Any]) -> None:
        """Keep a body in each language."""
        self.kept.setdefault(name, {})["requests"] = dict(bodies)

    def posts(self, name: str, path: str, bodies: Mapping[str, Any], **more: Any) -> httpx.Response:
        """Send a body in each language, keep both, and the first one's answer."""
        self.requests(name, bodies)
        english = self.hall.ask("POST", f"/api/v1{path}", **_once(more), json=bodies["en"])
        assert english.is_success, english.text
        return self.asks(name, "POST", path, **_once(more), json=bodies["zh"])


def made(hall: Hall) -> dict[str, Any]:
    """Ask a hall everything that is shown, and return requests and answers by operation, and problems."""
    asker = Asker(hall)
    licence_id = _of_licences(asker)
    _of_checks(asker, licence_id)
    _of_documents(asker)
    asker.requests("get_token", dict.fromkeys(_LANGUAGES, _TOKEN))
    problems = {
        language: hall.ask(
            "POST", "/api/v1/licences", key="officer", once=uuid.uuid4().hex, json={}, headers=_speaking(language)
        ).json()
        for language in _LANGUAGES
    }
    return {"operations": asker.kept, "problems": problems}


def _of_licences(asker: Asker) -> str:
    """Ask for a licence to be issued, read, suspended and renewed; return the id of another one that is left alone."""
    hall, town = asker.hall, asker.hall.town
    fields = {**town.signboard_draft().fields, "KZ_ZPNR": "老城餐饮", "KZ_GG": "6.0×1.2×0.2"}
    bodies = {each: hall.body(town.signboard_draft(holder_name=_HOLDER[each], fields=fields)) for each in _LANGUAGES}
    issued = asker.posts("issue_licence", "/licences", bodies, key="officer", once="").json()
    asker.asks("list_licences", "GET", "/licences?limit=1", key="officer")
    food = {each: hall.body(town.food_draft(holder_name=_HOLDER[each])) for each in _LANGUAGES}
    asker.posts("create_draft", "/drafts", food, key="officer")
    path = f"/licences/{issued['licence_id']}"
    asker.asks("get_licence", "GET", path, key="officer")
    until = town.now.replace(month=12).date().isoformat()
    acts = {
        "zh": {"event": "suspend", "reason": "招牌松动", "legal_basis": "《行政许可法》第六十九条", "until": until},
        "en": {"event": "reinstate", "reason": "Mended", "legal_basis": "Administrative Licensing Law, article 69"},
    }
    asker.requests("record_licence_event", acts)
    for version, language in enumerate(("zh", "en"), 1):
        asker.asks(
            "record_licence_event",
            "POST",
            f"{path}/events",
            key="officer",
            once=uuid.uuid4().hex,
            seen=f'"{version}"',
            json=acts[language],
        )
    asker.asks("list_licence_events", "GET", f"{path}/events", key="officer")
    return str(hall.issues(fields=fields)["licence_id"])


def _of_checks(asker: Asker, licence_id: str) -> None:
    """Ask for a check by everybody, for one with a purpose, for a batch, and for the receipts."""
    hall = asker.hall
    with reading(hall.office.database) as tx:
        licence = find_licence(tx, licence_id)
    assert licence is not None
    typed = LicenceId.parse(licence_id).typed
    reliance = {
        each: {"purpose": "supervision", "legal_basis": _BASIS[each], "case_number": _CASE[each]} for each in _LANGUAGES
    }
    asker.asks("check_licence", "GET", f"/checks/{licence_id}")
    asked = {"zh": {"text": licence.token_text}, "en": {"id": typed}}
    bodies = {each: {**asked[each], "reliance": reliance[each]} for each in _LANGUAGES}
    receipt = asker.posts("verify", "/verifications", bodies, key="counter").json()["receipt"]
    many = {
        each: {"reliance": reliance[each], "items": [{"ref": "1", "id": typed}, {"ref": "2", "id": "0" * 16}]}
        for each in _LANGUAGES
    }
    asker.posts("verify_batch", "/verifications/batch", many, key="counter")
    purpose = {each: json.dumps(reliance[each], ensure_ascii=False) for each in _LANGUAGES}
    asker.requests("verify_file", {each: {"file": _FILE, "reliance": purpose[each]} for each in _LANGUAGES})
    asker.asks("list_receipts", "GET", "/verifications?limit=1", key="counter")
    assert hall.acts(licence_id, "revoke", reference=_CASE["zh"]).is_success
    asker.asks("get_receipt", "GET", f"/verifications/{receipt['receipt_id']}", key="counter")
    asker.asks("list_recalls", "GET", "/recalls?limit=1", key="counter")


def _of_documents(asker: Asker) -> None:
    """Ask for an official document to be prepared and sealed."""
    forms = {each: {"title": title, "page": 1, "x": 120, "y": 220, "slip_page": True} for each, title in _TITLE.items()}
    asker.requests("prepare_document", {each: {"file": _FILE, **form} for each, form in forms.items()})
    file = {"file": ("decision.pdf", plain_pdf(), "application/pdf")}
    text = {name: str(value).lower() if isinstance(value, bool) else value for name, value in forms["zh"].items()}
    prepared = asker.asks("prepare_document", "POST", "/documents", key="officer", data=text, files=file).json()
    seen = {"digest": prepared["prepared_digest"]}
    path = f"/documents/{prepared['document_id']}"
    asker.posts("approve_document", f"{path}/approve", {"zh": seen, "en": seen}, key="reviewer")
    asker.requests("seal_document", {"zh": seen, "en": seen})
    asker.asks("seal_document", "POST", f"{path}/seal", key="officer", once=uuid.uuid4().hex, json=seen)
    asker.asks("get_document", "GET", path, key="officer")
    asker.asks("list_documents", "GET", "/documents?limit=1", key="officer")


def _once(more: dict[str, Any]) -> dict[str, Any]:
    return more | {"once": uuid.uuid4().hex} if "once" in more else more


def _speaking(language: str) -> dict[str, str]:
    return {"Accept-Language": language}


def shape(value: Any) -> Any:
    """Return the names of a value's members, all the way down, without what stands there."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return None


@contextmanager
def small_hall() -> Iterator[Hall]:
    """Open the hall of a town that is founded for this and thrown away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = open_database(f"sqlite:///{folder / 'registry.sqlite'}")
        upgrade(database)
        hall = Hall.open(Town.found(database, folder))
        yield hall
        hall.office.close()
        database.close()


if __name__ == "__main__":
    with small_hall() as opened:
        content = json.dumps(made(opened), ensure_ascii=False, indent=1) + "\n"
    EXAMPLES.write_text(content, encoding="utf-8")
    sys.stdout.write(f"{EXAMPLES.name}: {len(content)} characters\n")
