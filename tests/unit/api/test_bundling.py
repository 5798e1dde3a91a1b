"""Modules put into one: the same text, run once in the right order, and nothing that is written otherwise."""

import subprocess
from pathlib import Path

import pytest

from api.pages.bundling import BundlingError, bundled
from api.pages.scripts import ENTRIES, scripts

MODULES = {
    "entry": 'import { twice, Kind } from "./middle.js";\nimport { seen } from "./base.js";\n'
    "await null;\nconsole.log(twice(3), new Kind().name, seen());\n",
    "middle": 'import { note, FACTOR } from "./base.js";\nnote("middle");\n'
    "export function twice(value) {\nreturn FACTOR * value;\n}\nexport class Kind {\nname = `a\nexport `;\n}\n",
    "base": "let count = 0;\nexport const FACTOR = 2;\nexport function note() {\ncount += 1;\n}\n"
    "export async function late() {}\nexport function seen() {\nreturn count;\n}\n",
}


def test_a_bundle_does_what_its_modules_do(tmp_path: Path) -> None:
    path = tmp_path / "bundle.mjs"
    path.write_text(bundled("entry", {**MODULES, "middle": MODULES["middle"].replace("a\nexport ", "a kind")}))

    ended = subprocess.run(["node", str(path)], capture_output=True, text=True, check=True)

    assert ended.stdout == "6 a kind 1\n"


@pytest.mark.parametrize(
    "changed",
    [
        {"base": 'import { twice } from "./middle.js";\n'},
        {"base": 'import "./other.js";\n'},
        {"base": 'export * from "./other.js";\n'},
        {"middle": MODULES["middle"]},  # a line of a text that looks like an export
    ],
)
def test_what_is_not_written_our_way_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BundlingError):
        bundled("entry", {**MODULES, **changed})


def test_each_page_asks_for_one_module() -> None:
    for entry in ENTRIES:
        assert not any(line.startswith(b"import ") for line in scripts()[f"{entry}.js"].plain.splitlines())
    assert set(scripts()) - {f"{each}.js" for each in ENTRIES} == {
        "decoder.js", "words-en.js", "words-files-en.js", "words-files-zh.js", "words-zh.js",
    }  # fmt: skip
