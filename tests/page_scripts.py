"""The page's own script modules, run in Node: what they say of a case, to be compared with what Python says.

Promises: the modules are the served ones, `tables.js` among them; nothing is imitated but the browser around them.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.pages.rendering import FOLDER
from api.pages.scripts import modules

VENDOR = FOLDER / "static" / "vendor"
RUNNER = Path(__file__).parent / "page_checks.mjs"


def lay_out(folder: Path) -> Path:
    """Write the modules into a folder, as they are served beside each other."""
    for name, module in modules().items():
        (folder / name).write_bytes(module.plain)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def answers(folder: Path, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the modules answer to each case."""
    path = lay_out(folder) / "cases.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in cases), encoding="utf-8")
    verifier = folder / "sm2.js"  # beside package.json, so that Node takes it for a module as browsers do
    verifier.write_bytes((VENDOR / "sm2.js").read_bytes())
    command = ["node", str(RUNNER), str(folder), str(verifier), str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]
