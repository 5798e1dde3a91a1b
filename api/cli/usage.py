"""Wrong use of the command line, in the person's language: the library's own sentences are English only.

Promises: every kind of wrong use has a Chinese sentence that names the option or word; what is typed is never
reinterpreted, and the exit code is the library's.
"""

import re
from typing import Final

from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)

from api.environment import Language

# What the library says where its exceptions carry no parts (typer 0.29), and how we say it.
_SENTENCES: Final = (
    (re.compile(r"No such command '(.*?)'\.(?: Did you mean (.*)\?)?"), "没有这个命令：{0}"),
    (re.compile(r"Missing command\."), "缺少命令"),
    (re.compile(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.*)\)"), "多出的内容：{0}"),
    (re.compile(r"Argument '?(.*?)'? takes (\d+) values?\.?"), "{0} 须给 {1} 个值"),
)
_SUGGESTED: Final = "（是不是 {}？）"
_NO_VALUE: Final = "does not take a value"
# What pydantic, which the library asks, says of a value.
_VALUES: Final = (
    (re.compile(r"Input should be a valid integer.*"), "应为整数"),
    (re.compile(r"Input should be a valid number.*"), "应为数字"),
    (re.compile(r"Input should be greater than or equal to (.*)"), "至少为 {0}"),
    (re.compile(r"Input should be less than or equal to (.*)"), "至多为 {0}"),
    (re.compile(r"Input should be (.*'.*)"), "只能是 {0}"),
    (re.compile(r"'?.*?'? is not one of (.*?)\.?"), "只能是 {0}"),
)


def tell_wrong_use(error: ClickException, language: Language) -> str:
    """Return what to show of a wrong use: how the command is used, where help is found, what is wrong."""
    if language == "en" and isinstance(error, UsageError) and error.ctx is not None:
        return _framed(error, "Usage: ", "Try '{}' for help.", f"Error: {error.format_message()}")
    if language == "en" or isinstance(error, NoArgsIsHelpError):
        return error.format_message()
    if isinstance(error, UsageError) and error.ctx is not None:
        return _framed(error, "用法：", "帮助：{}", f"错误：{_chinese(error)}")
    return f"错误：{_chinese(error)}"


def _framed(error: UsageError, usage: str, hint: str, sentence: str) -> str:
    if error.ctx is None or isinstance(error, NoArgsIsHelpError):
        return error.format_message()
    line = error.ctx.get_usage().partition(": ")[2].strip()
    helped = hint.format(f"{error.ctx.command_path} {error.ctx.help_option_names[0]}")
    return f"{usage}{line}\n{helped}\n\n{sentence}"


def _chinese(error: ClickException) -> str:
    if isinstance(error, MissingParameter):
        return f"缺少 {_name_of(error)}"
    if isinstance(error, BadParameter):
        return _bad_value(error)
    if isinstance(error, NoSuchOption):
        near = "、".join(sorted(error.possibilities or ()))
        return f"没有这个选项：{error.option_name}{_SUGGESTED.format(near) if near else ''}"
    if isinstance(error, BadOptionUsage):
        return f"选项 {error.option_name} {'不带值' if _NO_VALUE in error.message else '后面须有值'}"
    return _by_sentence(error.message)


def _by_sentence(message: str) -> str:
    for pattern, chinese in _SENTENCES:
        found = pattern.fullmatch(message)
        if found is not None:
            parts = [each or "" for each in found.groups()]
            near = parts[1] if len(parts) > 1 and "{1}" not in chinese else ""
            return chinese.format(*parts) + (_SUGGESTED.format(near.replace("'", "")) if near else "")
    return f"用法不对：{message}"


def _bad_value(error: BadParameter) -> str:
    """Say which value is wrong and what it should be; a sentence of our own is in the person's language already."""
    for pattern, chinese in _VALUES:
        found = pattern.fullmatch(error.message)
        if found is not None:
            choices = "、".join(re.split(r", | or ", "".join(found.groups()).replace("'", "")))
            return f"{_name_of(error)} 的值不对，{chinese.format(choices)}"
    return f"{_name_of(error)} 的值不对：{error.message}"


def _name_of(error: BadParameter) -> str:
    if isinstance(error.param_hint, str):
        return error.param_hint
    hint = error.param_hint or (error.param.get_error_hint() if error.param is not None else ())
    text = hint if isinstance(hint, str) else " / ".join(hint)
    return text.replace("'", "") or "参数"
