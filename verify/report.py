"""Findings of a check, and the report that carries them.

Promises:
  * Every check has one of three outcomes: passed, failed, or could not be checked. Nothing unchecked is called passed.
  * A finding holds a stable code and no personal data; the sentences live in `api/locale`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(StrEnum):
    """The checks, in the order in which they are shown: 格式 签名 发证机关 内容一致 有效期 登记状态 签发日志 时钟."""

    FORM = "form"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    CONTENTS = "contents"
    TERM = "term"
    STATUS = "status"
    LOG = "log"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Outcome of one check: `code` says what was found, `detail` is for the auditor, `source` what was asked."""

    check: Check
    code: str
    outcome: Outcome
    detail: str = ""
    source: str = ""
    as_of: datetime | None = None
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
