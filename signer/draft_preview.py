"""What an approver sees of a licence before there is one: its page as it will be, plainly marked as no licence.

Promises:
  * The layout is the one that issues: the same template, texts, photo and fonts, with today as the day of issue.
  * It cannot be taken for a licence: the mark of samples lies across it, the seal says that it is a draft, the code
    says so to whoever scans it, nothing is signed, and the files that a licence carries are not in it.
  * What only issuing gives (number, id) stands as zeros, unless the draft has a number of its own.
"""

from datetime import datetime
from typing import Final

from registry.records import Department, LicenceDraft, LicenceType, Place
from signer.contents import data_set_of, uncounted_number
from signer.holder_codes import CODE_TYPE_NAMES
from signer.page.press import PageRequest, Press
from signer.page.seal_picture import draw_seal
from verify.licence import SALT_BYTES
from verify.values import LicenceIdentifier, LicenceTypeCode, Uscc

SEAL_WORDS: Final = "样本草稿不是证照"
CODE_WORDS: Final = "DRAFT-NOT-A-LICENCE"
# As many digits as the code of a licence of usual length, so that it is drawn as dense.
_CODE_DIGITS: Final = 620
_LINEAGE, _VERSION = "0" * 13, 1


def preview_draft(
    draft: LicenceDraft, licence_type: LicenceType, department: Department, *, press: Press, at: datetime
) -> bytes:
    """Return the licence's pages as an unsigned PDF. Raises a `PageError` for what cannot be printed."""
    data_set = data_set_of(draft, department, _place(draft, licence_type, department, at=at), salt=bytes(SALT_BYTES))
    request = PageRequest(
        licence_type=licence_type,
        data_set=data_set,
        draft=draft,
        department=department,
        token_text=f"{CODE_WORDS}#{'0' * _CODE_DIGITS}",
        photo=draft.photo,
        seal_png=draw_seal(SEAL_WORDS),
        metadata={"CZZTDMLX": CODE_TYPE_NAMES.get(draft.holder_code_type, "")},
        created=at,
        test=True,
    )
    return press.plain_licence(request)


def _place(draft: LicenceDraft, licence_type: LicenceType, department: Department, *, at: datetime) -> Place:
    identifier = LicenceIdentifier.make(LicenceTypeCode(draft.type_code), Uscc(draft.issuer), _LINEAGE, _VERSION)
    return Place(
        draft_id="",
        licence_id="0" * 16,
        number=draft.number or uncounted_number(draft, licence_type, department, at=at, serial=0),
        identifier=identifier.text,
        status_list=0,
        status_index=0,
        lineage=_LINEAGE,
        version=_VERSION,
    )
