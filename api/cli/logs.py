"""`log audit`, `log prove`, `log checkpoint`: what an auditor asks of the signing log.

Promises:
  * An audit recomputes the tree from the entries; it believes no stored hash.
  * `--since` keeps a new checkpoint only after the log was found to continue the old one, and to be without fault.
  * Exit code 5 whenever the log, or what was compared with it, does not hold.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.errors import NoSuchNameError
from api.cli.files import read_file, write_file
from api.cli.kept_checkpoint import Kept, demand_continued, keep, read_kept
from api.cli.program import ExitCode, Session, app, session_of
from api.cli.screen import Screen
from api.errors import UnknownProofError
from api.texts import sentence
from api.wiring import Office
from registry import leaves, licences
from registry.db import reading
from signer.audit import AuditReport, audit
from signer.issue import log_verifiers
from verify.errors import MalformedError, YinzhengError
from verify.log_proof import LogReceipt
from verify.note import Checkpoint, open_checkpoint
from verify.tree import combine, inclusion_nodes, leaf_hash
from verify.values import LicenceId

_PAGE: Final = 1000

log = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="签发日志：审计、证明、检查点。 The signing log.")
app.add_typer(log, name="log")
