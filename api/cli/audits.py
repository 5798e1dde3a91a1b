"""The auditors' checker, run as a command of `yinzheng`: the very one that they run by themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.auditor.checking import check
from api.auditor.package import Sign, open_signer, write_package
from api.auditor.report import as_object, as_text
from api.auditor.request import AuditRequest
from api.cli.files import read_file
from api.cli.program import Session
from api.clock import clock

_PASSPHRASE_BYTES_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceWanted:
    """Where the evidence package goes, and with what its working paper is signed."""

    package: Path | None
    sign: Path | None
    passphrase_file: Path | None

    def signer(self) -> Sign | None:
        """Return what signs, if anything does."""
        if self.sign is None:
            return None
        path = self.passphrase_file
        secret = None if path is None else read_file(path, bytes_max=_PASSPHRASE_BYTES_MAX).rstrip(b"\r\n")
        return open_signer(self.sign, secret)


def check_published(session: Session, request: AuditRequest, wanted: EvidenceWanted) -> int:
    """Check a published log like an auditor, show what was found, and return the exit code."""
    screen = session.screen
    with screen.progress("核验", "Checking") as tick:
        checked = check(request, at=clock(), progress=tick)
    if wanted.package is not None:
        write_package(wanted.package, checked, screen.language, sign=wanted.signer())
    screen.result(as_object(checked), as_text(checked, screen.language))
    return checked.exit_code
