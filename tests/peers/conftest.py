"""What the judges are shown: one licence of every type of the sample catalogue, issued by a town on SQLite."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.db import open_database
from registry.records import LicenceType
from tests.databases import sqlite_template
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
