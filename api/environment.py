"""The environment of this process. This is the only module that reads it.

Promises: loads nothing, so that every command may ask it for the language before it knows what else it needs. The
settings, with their defaults and the file that `init` writes, are made of it by `api/settings.py`.
"""

import os
from typing import Final, Literal

PREFIX: Final = "YINZHENG_"
DEFAULT_DATA: Final = "yinzheng-data"
Language = Literal["zh", "en"]

ENVIRONMENT: Final = os.environ  # noqa: TID251 - the one place where the environment is read


def wants_no_colour() -> bool:
    """Say whether the person asked for plain text (https://no-color.org)."""
    return bool(ENVIRONMENT.get("NO_COLOR"))


def environment_language() -> Language | None:
    """Return the language that YINZHENG_LANGUAGE, LC_ALL, LC_MESSAGES or LANG asks for, in this order, or None."""
    for name in (f"{PREFIX}LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = ENVIRONMENT.get(name, "")
        if value[:2] in {"zh", "en"}:
            return "zh" if value.startswith("zh") else "en"
    return None


def is_data_chosen() -> bool:
    """Say whether the environment names a data folder."""
    return bool(ENVIRONMENT.get(f"{PREFIX}DATA"))
