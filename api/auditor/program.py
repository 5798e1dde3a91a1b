"""`yinzheng-audit`: the auditor's checker as one file, run by nothing but Python.

Promises:
  * Exit codes as those of `yinzheng`: 0 all holds · 4 something could not be checked · 5 something does not hold · 2
    wrong use, or something brought along cannot be read.
  * Results on stdout, progress on stderr; with `--json` one object.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from api.auditor.checking import Progress, check
from api.auditor.files import read_capped
from api.auditor.package import Sign, open_signer, write_package
from api.auditor.report import as_object, as_text
from api.auditor.request import SAMPLE, AuditRequest
from api.auditor.words import Language, say
from verify.errors import YinzhengError

_PER_CENT: Final = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checker."""
    given = parser().parse_args(arguments)
    language: Language = "en" if given.lang == "en" else "zh"
    try:
        checked = check(request_of(given), at=_now(), progress=progress_lines(language, is_quiet=given.quiet))
        if given.package is not None:
            write_package(given.package, checked, language, sign=_signer(given.sign, given.passphrase_file))
    except YinzhengError as error:
        told = " ".join(f"{key}={value}" for key, value in error.params.items()) or error.detail
        sys.stderr.write(say(language, f"不能核验：{told}", f"Cannot check: {told}") + f" [{error.code}]\n")
        return 2
    text = json.dumps(as_object(checked), ensure_ascii=False) if given.json else as_text(checked, language)
    sys.stdout.write(text + "\n")
    return checked.exit_code


def run() -> None:
    """Run the checker as a program of its own."""
    sys.exit(main())


def parser() -> argparse.ArgumentParser:
    """Return the arguments of the checker."""
    made = argparse.ArgumentParser(prog="yinzheng-audit", description="签发日志核验 / check a signing log")
    made.add_argument("source", help="公开文件夹或其网址 / published folder, or its address")
    made.add_argument("--root", type=Path, action="append", required=True, help="信任名单根公钥 PEM / pinned root key")
    made.add_argument("--trust", type=Path, help="信任名单，缺省取自来源 / trust list, by default that of the source")
    made.add_argument("--policy", type=Path, help="自备的见证规则 / a witness policy of your own")
    made.add_argument("--records", type=Path, help="登记记录 / records of the registry")
    made.add_argument("--checkpoint", action="append", default=[], help="别处得到的检查点 / checkpoint seen elsewhere")
    made.add_argument("--ask-witnesses", action="store_true", help="向见证人取检查点 / ask the witnesses what they saw")
    made.add_argument("--licences", type=Path, action="append", default=[], help="待核文件夹 / folder of signed files")
    made.add_argument("--keep", type=Path, help="保存检查点的文件夹 / folder for what is kept")
    made.add_argument("--only-new", action="store_true", help="只核新增 / check new entries only")
    made.add_argument("--hours", default="08:00-18:00", help="办公时间 / office hours")
    made.add_argument("--holidays", type=Path, help="节假日，每行一天；+ 为调休上班 / days off, + for weekends worked")
    made.add_argument("--seed", default="", help="抽样种子 / seed of the sample")
    made.add_argument("--sample", type=int, default=SAMPLE, help="抽样数 / size of the sample")
    made.add_argument("--prefix", default="log/", help="日志所在 / where the log stands among the files")
    made.add_argument("--package", type=Path, help="写出证据包 / write the evidence package")
    made.add_argument("--sign", type=Path, help="签底稿的 PKCS#12 / PKCS#12 that signs the working paper")
    made.add_argument("--passphrase-file", type=Path, help="其口令 / its passphrase")
    made.add_argument("--json", action="store_true", help="JSON")
    made.add_argument("--lang", choices=("zh", "en"), default="zh")
    made.add_argument("-q", "--quiet", action="store_true")
    return made


def request_of(given: argparse.Namespace) -> AuditRequest:
    """Return the request that the arguments make."""
    return AuditRequest(
        source=given.source,
        roots=tuple(given.root),
        trust=given.trust,
        policy=given.policy,
        records=given.records,
        checkpoints=tuple(given.checkpoint),
        licences=tuple(given.licences),
        keep=given.keep,
        only_new=given.only_new,
        hours=given.hours,
        holidays=given.holidays,
        seed=given.seed,
        sample=given.sample,
        prefix=given.prefix,
        ask_witnesses=given.ask_witnesses,
    )


def progress_lines(language: Language, *, is_quiet: bool) -> Progress:
    """Return what tells how far the checker is: a line for each per cent on a terminal, for each tenth elsewhere."""
    step = 1 if sys.stderr.isatty() else 10
    shown = -1

    def tell(done: int, total: int) -> None:
        nonlocal shown
        now = done * _PER_CENT // max(total, 1) // step * step
        if now != shown and not is_quiet:
            shown = now
            end = "\r" if step == 1 and now < _PER_CENT else "\n"
            sys.stderr.write(say(language, f"核验 {done} / {total}", f"checked {done} / {total}") + f" ({now} %){end}")
            sys.stderr.flush()

    return tell


def _signer(path: Path | None, passphrase_file: Path | None) -> Sign | None:
    if path is None:
        return None
    if passphrase_file is not None:
        return open_signer(path, read_capped(passphrase_file).rstrip(b"\r\n"))
    return open_signer(path, getpass.getpass("PKCS#12: ").encode() if sys.stdin.isatty() else None)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the checker's one clock; it runs without `api/wiring.py`
