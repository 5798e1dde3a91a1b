"""Options of `log audit SOURCE`: those of the checker that auditors run alone (`api/auditor/program.py`)."""

from pathlib import Path
from typing import Annotated

import typer

RootsOption = Annotated[
    list[Path] | None,
    typer.Option("--root", metavar="FILE", help="固定的信任名单根公钥（PEM）。 Pinned root key of the trust list."),
]
TrustOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="信任名单，缺省取自来源。 Trust list, by default the source's.")
]
PolicyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="自备的见证规则。 A witness policy of your own (tlog-policy).")
]
RecordsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="登记记录，见 log records。 The registry's records.")
]
CheckpointsOption = Annotated[
    list[str] | None,
    typer.Option("--checkpoint", metavar="FILE|URL", help="别处得到的检查点（可多个）。 Checkpoints seen elsewhere."),
]
LicencesOption = Annotated[
    list[Path] | None,
    typer.Option("--licences", metavar="FOLDER", help="逐一查对的签名文件。 Signed files to be found in the log."),
]
KeepOption = Annotated[
    Path | None, typer.Option("--keep", metavar="FOLDER", help="保存检查点，断点续核。 What is kept, also to resume.")
]
OnlyNewOption = Annotated[bool, typer.Option("--only-new", help="只核新增。 Check only what was added.")]
HoursOption = Annotated[str, typer.Option(help="办公时间。 Office hours.")]
HolidaysOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="节假日与调休。 Days off; with + weekends that are worked.")
]
SeedOption = Annotated[str, typer.Option(help="抽样种子。 Seed of the sample.")]
SampleOption = Annotated[int, typer.Option(min=0, help="抽样数。 Size of the sample.")]
PrefixOption = Annotated[str, typer.Option(help="日志所在，往年的另有其名。 Where the log stands.")]
AskOption = Annotated[bool, typer.Option("--ask-witnesses", help="向见证人取检查点。 Ask the witnesses what they saw.")]
PackageOption = Annotated[Path | None, typer.Option(metavar="FILE", help="写出证据包（zip）。 Evidence package.")]
SignOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="签底稿的 PKCS#12。 PKCS#12 that signs the working paper.")
]
PassphraseOption = Annotated[Path | None, typer.Option(metavar="FILE", help="其口令所在。 Its passphrase.")]
