"""Help in the person's language: every help text is written as a Chinese sentence, a space, and an English one.

Promises: what has no second half is shown as it is; a test demands both halves of every command and option.
"""

from typing import Any, Final

from api.environment import Language

_PARTING: Final = "。 "


def halves(text: str) -> tuple[str, str]:
    """Return the Chinese and the English half of a help text."""
    chinese, parting, english = text.partition(_PARTING)
    return (chinese + parting.strip(), english) if parting else (text, text)


def put_help_in(language: Language, command: Any) -> None:  # noqa: ANN401 - a command of typer's own click
    """Let a command and all below it, with their options, show help in one language."""
    number = 0 if language == "zh" else 1
    if command.help:
        command.help = halves(command.help)[number]
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = halves(parameter.help)[number]
    for each in getattr(command, "commands", {}).values():
        put_help_in(language, each)
