"""Invented values for the preview of a template: usual ones, and the longest that the licence type allows.

Promises: same type, same values; nobody is named, and every code carries a division that does not exist.
"""

import io
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from registry.catalogue import SAMPLE
from registry.catalogue_forms import read_record
from registry.records import FieldDefinition, FieldKind, LicenceType
from signer.page.errors import UnknownTemplateError
from signer.page.layout import Contents
from signer.page.qr import qr_matrix

SAMPLE_OFFICE: Final = "示例市行政审批服务局"
SAMPLE_MOMENT: Final = datetime(2026, 9, 21, 2, 3, 4, tzinfo=UTC)
# Digits behind the address, as many as a usual and as the longest token make (qr_text.TOKEN_BYTES_MAX).
_DIGITS_USUAL, _DIGITS_LONG = 430, 1080
_WORDS: Final = (
    "示例市新港区观澜大道188号（滨海国际贸易中心），热食类食品制售；预包装食品销售；会议及展览服务、企业管理咨询。"
)
_USUAL_LENGTH: Final = 24
_ITEMS: Final = ("热食类食品制售", "冷食类食品制售", "预包装食品销售", "自制饮品制售", "糕点类食品制售")
_ITEM_LENGTH: Final = 7
_FIXED: Final[Mapping[FieldKind, tuple[str, str]]] = {
    FieldKind.PHOTO: ("", ""),
    FieldKind.DATE: ("2026年9月21日", "2026年12月31日"),
    FieldKind.INTEGER: ("120", "1234567890"),
    FieldKind.DECIMAL: ("120.5", "1234567890.12"),
    FieldKind.PHONE: ("12315", "0990-12345678"),
    FieldKind.USCC: ("91999999MA00000000", "91999999MA00000000"),
    FieldKind.CITIZEN_NUMBER: ("990101199003071234", "990101199003071234"),
}
_HOLDER_LONG: Final = "示例市高新技术产业开发区国际科技成果转化与知识产权运营管理有限责任公司观澜大道分公司（中外合资）"


def has_photo(licence_type: LicenceType) -> bool:
    """Say whether licences of this type carry the holder's photo."""
    return any(each.kind is FieldKind.PHOTO for each in licence_type.fields)


@lru_cache(maxsize=1)
def _sample_types() -> tuple[LicenceType, ...]:
    catalogue = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))
    return tuple(read_record(LicenceType, each) for each in catalogue["licence_type"])


def sample_licence_type(template: str) -> LicenceType:
    """Return the sample catalogue's type that is printed with this template. Raises `UnknownTemplateError`."""
    for licence_type in _sample_types():
        if licence_type.template == template:
            return licence_type
    raise UnknownTemplateError("no sample licence type uses it", params={"name": template[:64]})


def sample_contents(licence_type: LicenceType, *, photo: tuple[int, int] | None, is_long: bool) -> Contents:
    """Return invented contents for a page."""
    digits = _DIGITS_LONG if is_long else _DIGITS_USUAL
    text = f"https://licences.example.org/v/7QK4M2XD9F3B8T6W#1{'7302941586' * (digits // 10 + 1)}"
    return Contents(
        values=_values(licence_type, is_long=is_long), code=qr_matrix(text[: 48 + digits]), photo=photo, test=True
    )


def _values(licence_type: LicenceType, *, is_long: bool) -> Mapping[str, str]:
    is_person = licence_type.holder_kind == "person"
    holder = "示范·阿卜杜热依木" if is_person else "示例市望潮楼餐饮有限公司"
    values = {
        "ZZMC": licence_type.name,
        "ZZMC_EN": licence_type.name_en,
        "ZZLXDM": licence_type.code,
        "ZZBH": "示例审字〔2026〕第0000000000123号" if is_long else "JY29901000000123",
        "ZZBS": f"1.2.156.3005.2.{licence_type.code}.119999990000000511.0000000000123.001.X",
        "ZZBFJG": SAMPLE_OFFICE,
        "ZZBFJG_EN": "Sample City Administrative Approval Bureau",
        "ZZBFJGDM": "119999990000000511",
        "ZZBFRQ": "2026年9月21日",
        "ZZBFRQ_EN": "21 September 2026",
        "CZZT": _HOLDER_LONG if is_long and not is_person else holder,
        "CZZTDM": "990101199003071234" if is_person else "91999999MA00000000",
        "CZZTDMLX": "公民身份号码" if is_person else "统一社会信用代码",
        "ZZYXQQSRQ": "2026年9月21日",
        "ZZYXQQSRQ_EN": "21 September 2026",
        "ZZYXQJZRQ": "2031年9月20日",
        "ZZYXQJZRQ_EN": "20 September 2031",
        "ZZYXQ": "2026年9月21日至2031年9月20日",
        "ZZYXQ_EN": "21 September 2026 to 20 September 2031",
        "FLYJ": licence_type.legal_basis,
        "TYPED_ID": "7QK4-M2XD-9F3B-8T6W-X",
    }
    return values | {each.short_name: _field_value(each, is_long=is_long) for each in licence_type.fields}


def _field_value(definition: FieldDefinition, *, is_long: bool) -> str:
    if definition.kind in _FIXED:
        return _FIXED[definition.kind][is_long]
    if definition.kind is FieldKind.CHOICE:
        return max(definition.choices, key=len) if is_long else definition.choices[0]
    if definition.kind is FieldKind.LIST:
        count = definition.max_length // (_ITEM_LENGTH + 1) if is_long else 4
        return "\n".join((_ITEMS * count)[:count])[: definition.max_length]
    usual = _USUAL_LENGTH * (1 if definition.kind is FieldKind.TEXT else 5)
    length = definition.max_length if is_long else min(definition.max_length, usual)
    return (_WORDS * (length // len(_WORDS) + 1))[:length]


def sample_photo() -> bytes:
    """Draw a head and shoulders in grey."""
    image = Image.new("RGB", (295, 413), (196, 214, 232))
    draw = ImageDraw.Draw(image)
    draw.ellipse((87, 90, 207, 240), fill=(120, 126, 134))
    draw.ellipse((17, 265, 277, 600), fill=(88, 94, 104))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
