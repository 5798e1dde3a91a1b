"""Independent programs that tests build once: veraPDF and ofdrw from Maven artifacts, axe-core from npm, our checkers over Go's modules.

All land in the ignored folder `.tools/`, under a lock, so that two test processes do not build at once.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TOOLS = ROOT / ".tools"
VERAPDF = TOOLS / "verapdf"
LOGCHECK = TOOLS / "logcheck"
LOGWITNESS = TOOLS / "logwitness"
SM2CHECK = TOOLS / "sm2check"
OFDRW = TOOLS / "ofdrw"
AXE = TOOLS / "axe"
OIDC = TOOLS / "oidc"
# Each run is short: neither the second compiler nor a collector in several threads would give back what it costs.
JAVA = ("java", "-Djava.awt.headless=true", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# The first build fetches 19 MB of artifacts.
BUILD_SECONDS_MAX = 600


@contextmanager
def _alone(name: str) -> Iterator[None]:
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def verapdf() -> Path:
    """Return the folder with veraPDF's jars."""
    with _alone("verapdf"):
        done = VERAPDF / ".done"
        if not done.exists():
            pom = ROOT / "tests" / "peers" / "verapdf" / "pom.xml"
            _run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={VERAPDF}"])
            done.touch()
    return VERAPDF


def axe() -> Path:
    """Return the script of axe-core, which judges the accessibility of the page that it runs in."""
    with _alone("axe"):
        wanted = [ROOT / "tests" / "peers" / "axe" / name for name in ("package.json", "package-lock.json")]
        if _is_new(AXE / ".done", [str(each) for each in wanted]):
            AXE.mkdir(exist_ok=True)
            for each in wanted:
                shutil.copy(each, AXE)
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(AXE)], folder=AXE)
            _remember(AXE / ".done", [str(each) for each in wanted])
    return AXE / "node_modules" / "axe-core" / "axe.min.js"


def oidc_provider() -> Path:
    """Return the script of a real OpenID provider; run it with node."""
    with _alone("oidc"):
        wanted = [
            ROOT / "tests" / "peers" / "oidc" / name for name in ("package.json", "package-lock.json", "server.mjs")
        ]
        if _is_new(OIDC / ".done", [str(each) for each in wanted]):
            OIDC.mkdir(exist_ok=True)
            for each in wanted:
                shutil.copy(each, OIDC)
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(OIDC)], folder=OIDC)
            _remember(OIDC / ".done", [str(each) for each in wanted])
    return OIDC / "server.mjs"


@cache
def logcheck() -> Path:
    """Return our checker over Go's signed-note and transparency-log modules."""
    with _alone("logcheck"):
        _run(["go", "build", "-o", str(LOGCHECK), "."], folder=ROOT / "tests" / "peers" / "logcheck")
    return LOGCHECK


@cache
def logwitness() -> Path:
    """Return our program over transparency-dev's witness, its client and its formats."""
    with _alone("logwitness"):
        _run(["go", "build", "-o", str(LOGWITNESS), "."], folder=ROOT / "tests" / "peers" / "logwitness")
    return LOGWITNESS


@cache
def sm2check() -> Path:
    """Return our checker over Go's gmsm module."""
    with _alone("sm2check"):
        _run(["go", "build", "-o", str(SM2CHECK), "."], folder=ROOT / "tests" / "peers" / "sm2check")
    return SM2CHECK


def ofdrw() -> str:
    """Return the class path of our small programs over ofdrw (`yinzheng.Main` and others), compiled when one has changed."""
    with _alone("ofdrw"):
        project = ROOT / "tests" / "peers" / "ofdrw"
        pom, sources = project / "pom.xml", sorted(map(str, project.glob("src/main/java/yinzheng/*.java")))
        jars, classes = OFDRW / "jars", OFDRW / "classes"
        if _is_new(OFDRW / ".jars", [str(pom)]):
            _run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"])
            _remember(OFDRW / ".jars", [str(pom)])
        if _is_new(OFDRW / ".classes", [str(pom), *sources]):
            _run(["javac", "-encoding", "UTF-8", "-d", str(classes), "-cp", f"{jars}/*", *sources])
            _remember(OFDRW / ".classes", [str(pom), *sources])
    return os.pathsep.join((str(classes), f"{jars}/*"))


def _digest(files: Sequence[str]) -> str:
    return sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()


def _is_new(mark: Path, files: Sequence[str]) -> bool:
    return not mark.exists() or mark.read_text() != _digest(files)


def _remember(mark: Path, files: Sequence[str]) -> None:
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(_digest(files))


def _run(command: Sequence[str], *, folder: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS_MAX)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
