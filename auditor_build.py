"""Build the auditor's checker as one file: `make auditor` writes `dist/yinzheng-audit-<python>-<platform>.pyz` (shiv).

Promises:
  * Inside are `verify/`, `api/auditor/` and the packages that they need, copied from this environment, whose versions
    and hashes are pinned; nothing is fetched.
  * The same sources and the same environment give the same bytes; beside the file lies its SHA-256.
  * When run it unpacks itself once, and refuses to run what was changed there (shiv's `--no-modify`).

It runs on the Python version and platform that its name says, for cryptography is machine code; nothing else is
needed, and nothing is installed.
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent
ENTRY: Final = "api.auditor.program:run"
FOLDERS: Final = ("verify", "api/auditor")
SINGLE: Final = ("api/__init__.py",)
DISTRIBUTIONS: Final = ("cryptography", "cffi", "pycparser", "mypy_extensions")
_INTERPRETER: Final = "/usr/bin/env python3"


class NotBuiltError(Exception):
    """The file was not built; the message is the sentence for the person who builds."""


def file_name() -> str:
    """Return the name of the file, which says where it runs."""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"yinzheng-audit-cp{sys.version_info.major}{sys.version_info.minor}-{platform}.pyz"


def build(folder: Path) -> Path:
    """Build the file into a folder and return its path. Raises ``NotBuiltError``."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file_name()
    with tempfile.TemporaryDirectory(prefix="yinzheng-auditor-") as name:
        for source, place in _files():
            (Path(name) / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, Path(name) / place)
        options = ["--reproducible", "--no-modify", "--compressed", "-p", _INTERPRETER]
        command = [sys.executable, "-m", "shiv", "--site-packages", name, "-e", ENTRY, "-o", str(target), *options]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - shiv, of this environment
    if ended.returncode != 0:
        raise NotBuiltError(f"shiv failed: {ended.stderr.strip()[-400:]}")
    digest = sha256(target.read_bytes()).hexdigest()
    target.with_suffix(".pyz.sha256").write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    return target


def _files() -> Iterator[tuple[Path, str]]:
    """Yield each file with its place inside."""
    for name in SINGLE:
        yield ROOT / name, name
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, str(path.relative_to(ROOT))
    for name in DISTRIBUTIONS:
        found = distribution(name)
        for each in found.files or ():
            if not each.as_posix().startswith("..") and "__pycache__" not in each.parts:
                yield Path(str(found.locate_file(each))), each.as_posix()


if __name__ == "__main__":
    try:
        print(build(ROOT / "dist"))  # noqa: T201 - the result of the build
    except NotBuiltError as error:
        raise SystemExit(str(error)) from error
