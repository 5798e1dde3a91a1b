"""The slip of an official document (公文核验单): half a sheet with title, id to be typed, and code.

Promises:
  * The code is the public address of the document's id and nothing else: a slip is no credential, and says so.
  * Same document, same bytes: neither clock nor randomness.
  * A title that cannot be printed, or not whole, is an error; nothing is cut.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from registry.db import reading
from registry.departments import find_department
from registry.official_documents import OfficialRecord
from registry.official_errors import OfficialStateError
from registry.seals import demand_seal
from signer.desk import Desk
from signer.page.layout import Contents
from signer.page.press import About, Press
from signer.page.qr import qr_matrix
from verify.licence import law_day
from verify.values import LicenceId

_TEMPLATE: Final = Path(__file__).with_name("slip.toml")
_IDENTIFIER_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a slip shows. `at` is when the document was sealed or, on a page that is sealed with it, prepared."""

    document_id: LicenceId
    title: str = field(repr=False)
    office: str
    seal_name: str
    host: str
    at: datetime
    is_sealed: bool
    is_test: bool

    @property
    def address(self) -> str:
        """The public address of the document, which the code holds."""
        return f"https://{self.host}/v/{self.document_id.text}"


def write_slip(press: Press, slip: Slip) -> bytes:
    """Return a slip as a PDF of one page. Raises a `PageError` for a title that cannot be printed."""
    day = law_day(slip.at)
    date = f"{day.year}年{day.month}月{day.day}日"
    values = {
        "TITLE": slip.title,
        "OFFICE": slip.office,
        "SEAL_NAME": slip.seal_name,
        "TYPED_ID": slip.document_id.typed,
        "ADDRESS": slip.address,
        "SEALED_ON": date if slip.is_sealed else "",
        "PREPARED_ON": "" if slip.is_sealed else date,
    }
    about = About(
        title=f"公文核验单 {slip.document_id.typed}",
        author=slip.office,
        created=slip.at,
        identifier=sha256(slip.document_id.octets).digest()[:_IDENTIFIER_BYTES],
    )
    contents = Contents(values=values, code=qr_matrix(slip.address), photo=None, test=slip.is_test)
    return press.plain_sheet(_template(), contents, about)


def slip_of(desk: Desk, record: OfficialRecord) -> bytes:
    """Return the slip of a sealed document. Raises `OfficialStateError` until then: nobody could look it up."""
    if record.sealed_at is None:
        raise OfficialStateError(params={"state": record.state.value})
    with reading(desk.database) as tx:
        department = find_department(tx, record.department)
        seal = demand_seal(tx, record.seal_code)
    slip = Slip(
        document_id=LicenceId.parse(record.document_id),
        title=record.title,
        office=record.department if department is None else department.name,
        seal_name=seal.name,
        host=desk.settings.host,
        at=record.sealed_at,
        is_sealed=True,
        is_test=desk.settings.test,
    )
    return write_slip(desk.press, slip)


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()
