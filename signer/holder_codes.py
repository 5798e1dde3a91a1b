"""Kinds of codes by which a holder is known (GB/T 36903, Annex A), and whose they are."""

from collections.abc import Mapping
from typing import Final

CODE_TYPE_USCC: Final = "001"
CODE_TYPE_CITIZEN: Final = "111"
_ORGANISATIONS: Final[Mapping[str, str]] = {
    CODE_TYPE_USCC: "统一社会信用代码",
    "099": "其他法人或其他组织有效证件代码",
}
_PERSONS: Final[Mapping[str, str]] = {
    CODE_TYPE_CITIZEN: "公民身份号码",
    "114": "中国人民解放军军官证",
    "115": "中国人民武装警察部队警官证",
    "118": "中国人民解放军士兵证",
    "119": "中国人民武装警察部队士兵证",
    "120": "中国人民解放军文职人员证",
    "122": "中国人民武装警察部队文职人员证",
    "411": "外交护照",
    "412": "公务护照",
    "413": "公务普通护照",
    "414": "普通护照",
    "511": "台湾居民来往大陆通行证",
    "516": "港澳居民来往内地通行证",
    "999": "其他自然人有效证件代码",
}
CODE_TYPE_NAMES: Final[Mapping[str, str]] = {**_ORGANISATIONS, **_PERSONS}
ORGANISATION_CODE_TYPES: Final = frozenset(_ORGANISATIONS)
PERSON_CODE_TYPES: Final = frozenset(_PERSONS)
