"""Independent programs that tests build once: veraPDF from its Maven artifacts, and our small checker over Go's `sumdb` modules.

Both land in the ignored folder `.tools/`, under a lock, so that two test processes do not build at once.
"""

import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TOOLS = ROOT / ".tools"
VERAPDF = TOOLS / "verapdf"
LOGCHECK = TOOLS / "logcheck"
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


def logcheck() -> Path:
    """Return our checker over Go's signed-note and transparency-log modules."""
    with _alone("logcheck"):
        _run(["go", "build", "-o", str(LOGCHECK), "."], folder=ROOT / "tests" / "peers" / "logcheck")
    return LOGCHECK


def _run(command: Sequence[str], *, folder: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS_MAX)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
