"""Run the figures of `make bench` and rewrite BENCHMARKS.md.

``python -m bench`` measures every figure; ``--only NAME`` one of them (and leaves BENCHMARKS.md alone).
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from bench import (
    checking,
    growth,
    http,
    issuing,
    load,
    log_append,
    log_audit,
    log_growth,
    log_tessera,
    ofd,
    pages,
    sm2_signing,
)
from bench.cores import let_use_one_core
from bench.figure import Figure

MAKERS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "issue": issuing.issue,
    "both_bodies": issuing.both_bodies,
    "signature": issuing.signature,
    "qr": issuing.qr,
    "ofd_make": ofd.ofd_make,
    "ofd_check": ofd.ofd_check,
    "sm2_sign": sm2_signing.sm2_sign,
    "token_check": checking.token_check,
    "pdf_check": checking.pdf_check,
    "public_check": http.public_check,
    "receipt_check": http.receipt_check,
    "load": load.load,
    "counter_page": pages.counter_page,
    "growth": growth.growth,
    "worker_memory": growth.worker_memory,
    "log_append": log_append.log_append,
    "log_arrivals": log_append.log_arrivals,
    "log_sqlite": log_append.log_sqlite,
    "log_tessera": log_tessera.log_tessera,
    "log_growth": log_growth.log_growth,
    "log_audit": log_audit.log_audit,
}
ROOT = Path(__file__).parent.parent
RIVALS = ("typst", "qrcode", "pyhanko", "cryptography", "fastapi", "uvicorn")


def main() -> int:
    """Measure, print a line a figure, and say by the exit code whether every goal was reached."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(MAKERS), help="measure one figure")
    only = parser.parse_args().only
    let_use_one_core()
    figures: list[Figure] = []
    for name, make in MAKERS.items():
        if only in (None, name):
            with tempfile.TemporaryDirectory(prefix="yinzheng-bench-") as folder:
                for figure in make(Path(folder)):
                    print(figure.line(), flush=True)
                    figures.append(figure)
    if only is None:
        write_report(figures)
    return 0 if all(figure.is_reached for figure in figures) else 1


def write_report(figures: list[Figure]) -> None:
    """Rewrite BENCHMARKS.md with the figures of this run and how they were made."""
    rivals = ", ".join(f"{name} {version(name)}" for name in RIVALS)
    rows = "\n".join(
        f"| {figure.name} | {figure.value:.2f} {figure.unit} | {'≥' if figure.at_least else '≤'} {figure.goal:g} | "
        f"{'reached' if figure.is_reached else '**short**'} | {figure.own} | {figure.rival} |"
        for figure in figures
    )
    how = "\n".join(f"- **{name}**: {' '.join((make.__doc__ or '').split())}" for name, make in MAKERS.items())
    (ROOT / "BENCHMARKS.md").write_text(
        f"""# Benchmarks

Written by `make bench`; do not edit. One run on one core, ours and the rival in turn. Python {platform.python_version()} on {platform.machine()};
rivals: {rivals}.

| figure | value | goal | | ours | rival |
| --- | --- | --- | --- | --- | --- |
{rows}

## How each figure is made

{how}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
