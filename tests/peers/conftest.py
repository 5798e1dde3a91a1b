"""What the judges are shown: one licence of every type of the sample catalogue, issued by a town on SQLite."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.db import open_database
from registry.records import LicenceType
from tests.databases import sqlite_template
from tests.hall import Hall
from tests.town import Town, founded_on_sqlite, sqlite_town
from verify.trust import TrustList

__all__ = ["founded_on_sqlite", "sqlite_template", "sqlite_town"]


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued licence: its type, the file, and the text of its code."""

    licence_type: LicenceType
    path: Path
    token_text: str

    @property
    def document(self) -> bytes:
        """The bytes of the file."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Shown:
    """The town's licences, in a folder, with what a stranger needs to judge them."""

    town: Town
    licences: tuple[Issued, ...]
    trust: TrustList
    crls: tuple[bytes, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of all licences."""
        return tuple(each.path for each in self.licences)


@pytest.fixture(scope="session")
def shown(sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A licence of every type; one is so long that it runs on to a second page."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "registry.sqlite").write_bytes(sqlite_template)
    town = Town.found(open_database(f"sqlite:///{folder / 'registry.sqlite'}"), folder)
    drafts = [
        town.draft(code)
        for code in sorted(town.types)
        if __import__("pathlib").Path(f"signer/templates/{town.types[code].template}.toml").exists()
    ]
    scope = "许可项目：" + "、".join(f"第{number}类食品的销售与冷藏配送服务" for number in range(1, 90))
    drafts.append(town.draft("11999999000000019M001", fields={**drafts[0].fields, "KZ_JYFW": scope}))
    licences = []
    for number, draft in enumerate(drafts, 1):
        issued = town.issues(draft)
        path = folder / f"{number:02}-{town.types[draft.type_code].template}.pdf"
        path.write_bytes(issued.document)
        licences.append(Issued(town.types[draft.type_code], path, issued.record.token_text))
    evidence = town.evidence()
    if evidence.trust is None:
        raise RuntimeError("a town has a trust list")
    return Shown(town, tuple(licences), evidence.trust, evidence.crls)


@dataclass(frozen=True, slots=True)
class Printed:
    """A stamped receipt as the interface gave it, and its sheets of paper in both languages."""

    receipt: dict[str, Any]
    files: tuple[Path, ...]


@pytest.fixture(scope="session")
def printed(shown: Shown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """The receipt of an office that relied on one of the licences."""
    folder, hall = tmp_path_factory.mktemp("printed"), Hall.open(shown.town)
    stated = {
        "purpose": "supervision",
        "legal_basis": "《食品安全法》第一百一十条",
        "case_number": "示检〔2026〕7号",
        "operator": "5f" * 16,
        "timestamp": True,
    }
    asked = {"text": shown.licences[0].token_text, "reliance": stated}
    receipt = hall.ask("POST", "/api/v1/verifications", key="counter", json=asked).json()["receipt"]
    files = []
    for language in ("zh", "en"):
        path = f"/api/v1/verifications/{receipt['receipt_id']}/page?language={language}"
        files.append(folder / f"receipt-{language}.pdf")
        files[-1].write_bytes(hall.ask("GET", path, key="counter").content)
    yield Printed(receipt, tuple(files))
    hall.office.close()
