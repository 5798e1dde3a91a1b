"""Requests for the press, as the desk would make them, without database and keys.

A request has a right code in form only: nothing here is signed, and what stands on the page is what the test says.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from registry.records import Department, LicenceDraft
from signer.page.press import PageRequest, Press
from signer.page.samples import sample_licence_type, sample_photo
from signer.page.seal_picture import draw_seal
from verify.licence import DataSet, HolderKind
from verify.values import LicenceId, LicenceIdentifier, LicenceTypeCode, Uscc

MOMENT: Final = datetime(2026, 9, 20, 18, 30, tzinfo=UTC)  # 21 September in China
OFFICE: Final = Department(
    uscc="1199999900000006XQ",
    name="示例市市场监督管理局",
    name_en="Sample City Market Regulation Bureau",
    short_code="例市监",
    level=3,
    parent=None,
    division="990100",
)
FOOD: Final = sample_licence_type("food_business_licence")
TEACHER: Final = sample_licence_type("teacher_certificate")
FOOD_FIELDS: Final = {
    "KZ_FDDBR": "王䶮",
    "KZ_ZS": "示例市新港区观澜大道188号",
    "KZ_JYCS": "示例市新港区观澜大道188号一层",
    "KZ_ZTYT": "餐饮服务经营者",
    "KZ_JYXM": "热食类食品制售\n冷食类食品制售",
    "KZ_RCJDJG": "示例市新港区市场监督管理所",
    "KZ_TSJBDH": "12315",
}
TEACHER_FIELDS: Final = {"KZ_XB": "女", "KZ_CSRQ": "1990-03-07", "KZ_ZGZL": "高级中学教师资格"}


@cache
def press() -> Press:
    """Open the press once for all tests of a process."""
    return Press.open()


@cache
def seal() -> bytes:
    """Draw the office's seal once."""
    return draw_seal(OFFICE.name)


def food_request(fields: Mapping[str, str] = FOOD_FIELDS, **changes: Any) -> PageRequest:
    """Make the request of a food business licence; `changes` are those of the request."""
    draft = LicenceDraft(
        type_code=FOOD.code,
        issuer=OFFICE.uscc,
        holder_name="示例市望潮楼餐饮有限公司",
        holder_kind=HolderKind.ORGANISATION,
        holder_code="91999999MA00000000",
        holder_code_type="001",
        fields=fields,
        valid_from=date(2026, 9, 21),
        valid_until=date(2031, 9, 20),
        item_code="",
    )
    return replace(_request(draft, "JY29901000000013"), licence_type=FOOD, **changes)


def teacher_request(fields: Mapping[str, str] = TEACHER_FIELDS, **changes: Any) -> PageRequest:
    """Make the request of a teacher's certificate, with a photo."""
    draft = LicenceDraft(
        type_code=TEACHER.code,
        issuer=OFFICE.uscc,
        holder_name="阿依古丽·买买提",
        holder_kind=HolderKind.PERSON,
        holder_code="990101199003071234",
        holder_code_type="111",
        fields=fields,
        valid_from=date(2026, 9, 21),
        valid_until=None,
        item_code="",
    )
    request = replace(_request(draft, "20269901004000013"), licence_type=TEACHER, photo=sample_photo())
    return replace(request, **changes)


def renamed(request: PageRequest, holder_name: str) -> PageRequest:
    """Give the licence another holder."""
    return replace(request, data_set=replace(request.data_set, holder_name=holder_name))


def _request(draft: LicenceDraft, number: str) -> PageRequest:
    data_set = DataSet(
        salt=bytes(range(16)),
        type_code=draft.type_code,
        number=number,
        holder_name=draft.holder_name,
        holder_uscc=None,
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        office_name=OFFICE.name,
        fields=draft.fields,
        identifier=LicenceIdentifier.make(LicenceTypeCode(draft.type_code), Uscc(OFFICE.uscc), "0000000013", 1),
        licence_id=LicenceId(bytes(range(10))),
    )
    return PageRequest(
        licence_type=FOOD,
        data_set=data_set,
        draft=draft,
        department=OFFICE,
        token_text=f"https://licences.example.org/v/{data_set.licence_id.text}#1{'7302941586' * 43}",
        photo=None,
        seal_png=seal(),
        metadata={"CZZTDMLX": "统一社会信用代码", "ZZBH": number},
        created=MOMENT,
        test=False,
    )
