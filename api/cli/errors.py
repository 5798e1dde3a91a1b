"""What keeps a command from doing its work before it begins. Sentences stand in `api/locale`, with `name` filled in."""

from typing import ClassVar

from verify.errors import YinzhengError


class CommandError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "cli"


class NoFileError(CommandError):
    """There is no file of this name, or it cannot be read."""

    code = "cli.no_file"


class FileTooLargeError(CommandError):
    """The file is larger than any that this command takes."""

    code = "cli.file_too_large"


class NotWrittenError(CommandError):
    """The file cannot be written there."""

    code = "cli.not_written"


class JsonError(CommandError):
    """The file is not an application in JSON."""

    code = "cli.json_malformed"


class PersonUnknownError(CommandError):
    """No member of staff of this department has that role, or none has this id."""

    code = "cli.person_unknown"


class ReviewerMissingError(CommandError):
    """Types of the sheet demand a reviewer of their office, and none of the persons named is one."""

    code = "cli.reviewer_missing"


class SentBeforeError(CommandError):
    """An earlier batch has rows of this sheet: issuing it again would issue them twice."""

    code = "cli.sent_before"


class PersonAmbiguousError(CommandError):
    """Several members of staff may do this; the command must be told which one does."""

    code = "cli.person_ambiguous"


class DeploymentExistsError(CommandError):
    """There is a deployment in this folder already; one is founded once."""

    code = "cli.deployment_exists"


class NotDemoTownError(CommandError):
    """The folder was not made by the demonstration, so the demonstration does not remove it."""

    code = "cli.not_demo_town"


class FontError(CommandError):
    """The file is not a TrueType font."""

    code = "cli.font_malformed"


class ClientExistsError(CommandError):
    """There is a calling system of this id already."""

    code = "cli.client_exists"


class NoSuchNameError(CommandError):
    """There is no department, template, key or client of this name."""

    code = "cli.no_such_name"


class KeptNumberError(CommandError):
    """The file with the highest number of a trust list that was seen is damaged."""

    code = "cli.kept_number"


class LogRewrittenError(CommandError):
    """The log does not continue the checkpoint that was kept: it was rewritten, or it is another one."""

    code = "log.rewritten"


class LogShrunkError(LogRewrittenError):
    """The log is shorter than the checkpoint that was kept."""

    code = "log.shrunk"
