"""The shape of the tree: sizes, names, clashes, and what may not stand in it."""

import ast
import importlib.metadata
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("verify", "keys", "registry", "signer", "api")
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


@cache
def _parsed() -> dict[str, tuple[int, ast.Module]]:
    """Return every module by its path, with its number of lines; one test looks at all, for a thousand cost as much each."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in MODULES}
    return {path: (len(text.splitlines()), ast.parse(text)) for path, text in texts.items()}


def test_a_module_has_at_most_400_lines_and_a_docstring() -> None:
    modules = _parsed()

    assert len(modules) > 400
    assert {path: lines for path, (lines, _) in modules.items() if lines > MODULE_LINES_MAX} == {}
    # A module opens by saying what it promises.
    assert [path for path, (_, tree) in modules.items() if not ast.get_docstring(tree)] == []


def test_a_function_has_at_most_60_lines() -> None:
    too_long = [
        f"{path}: {node.name}"
        for path, (_, tree) in _parsed().items()
        for node in _functions(tree)
        if (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert too_long == []


def test_no_package_relies_on_assert() -> None:
    asserts = [
        f"{path}:{node.lineno}"
        for path, (_, tree) in _parsed().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]

    assert asserts == [], "python -O removes asserts; raise an error"


def test_no_other_distribution_ships_one_of_our_names() -> None:
    owners = {
        package: {name for name in importlib.metadata.packages_distributions().get(package, []) if name != "yinzheng"}
        for package in PACKAGES
    }

    assert owners == {package: set() for package in PACKAGES}


def test_the_tree_names_no_package_registry_and_no_path_of_a_machine() -> None:
    hosts = re.compile(
        r"pythonhost[e]d|py[p]i\.or[g]|\.np[m]js|mave[n]\.org|proxy\.gola[n]g|index\.crat[e]s|deb\.debi[a]n|(^|[^a-z])/(wor[k]|roo[t])/"
    )
    texts = {
        ".py",
        ".md",
        ".toml",
        ".txt",
        ".json",
        ".in",
        ".sh",
        ".yml",
        ".html",
        ".css",
        ".js",
        ".csv",
        ".go",
        ".mod",
        ".sum",
        "",
    }

    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        if path.suffix in texts
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if hosts.search(line)
    ]

    assert found == []


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [")
    listed = lines[start + 1 : lines.index("]", start)]

    without_reason = [line.strip() for line in listed if "#" not in line]

    assert without_reason == []


def test_every_pin_has_a_hash() -> None:
    for name in ("requirements.txt", "requirements-test.txt", "requirements-build.txt"):
        text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][^\n]*==[^\n]*(?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)+", text, re.MULTILINE)
        names = re.findall(r"^[a-z0-9][^\n]*==", text, re.MULTILINE)

        assert names
        assert len(pins) == len(names)


def test_the_wheel_carries_exactly_the_five_folders() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "api",
        "signer",
        "registry",
        "keys",
        "verify",
    ]


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "signer/page"])
def test_every_folder_explains_itself(folder: str) -> None:
    assert len((ROOT / folder / "README.md").read_text(encoding="utf-8")) > 400
