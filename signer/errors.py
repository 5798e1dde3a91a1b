"""Errors of the acts that use a key. Each leaf is one thing that a caller handles differently."""

from typing import ClassVar

from verify.errors import YinzhengError


class SignerError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "signer"


class NotApprovedError(SignerError):
    """The licence type demands a reviewer's approval, and the draft has none."""

    code = "draft.not_approved"


class OtherDepartmentError(SignerError):
    """The operator's department is not the one in whose name the act would be done."""

    code = "department.other"


class NotEntitledError(SignerError):
    """The department is in no trust list, or not for this licence type; nobody would accept what it issues."""

    code = "department.not_entitled"


class RoleError(SignerError):
    """The operator's role does not allow this act."""

    code = "operator.role"


class ChangeRefusedError(SignerError):
    """The change lacks something that its kind demands: a reason, a legal basis, an end."""

    code = "change.incomplete"


class SealApplicationError(SignerError):
    """The application for a seal is not complete, or a field of it is wrong."""

    code = "seal.application"


class LogClockError(SignerError):
    """The machine's clock stands over a minute before the log's last entry; nothing is signed until it is mended."""

    code = "log.clock_behind"


class LogForkError(SignerError):
    """The published checkpoint is ahead of the database or contradicts it: the database is an old copy, or worse."""

    code = "log.forked"


class LogBehindError(LogForkError):
    """Somebody outside has seen more entries than the database holds: it was restored from an older copy.

    ``first`` to ``last`` are the entries that are missing, ``by`` says who has seen them. `yinzheng log recover` brings
    them back from the published bundles.
    """

    code = "log.behind"


class LogClosedError(SignerError):
    """This log has its last entry; the one that follows it has another name. Restart the process to write into it."""

    code = "log.closed"


class LogTurnError(SignerError):
    """The log cannot take this name: it had it before, or it is not the name of a log."""

    code = "log.turn"


class LogMissingError(SignerError):
    """The log has no genesis entry; the deployment was never founded."""

    code = "log.missing"


class LogExistsError(SignerError):
    """The log has a genesis entry already; a deployment is founded once."""

    code = "log.exists"


class FoundingMismatchError(SignerError):
    """Keys and database belong to different deployments, or one of the two is an old copy."""

    code = "founding.mismatch"


class SelfCheckError(SignerError):
    """Our own check of our own work found another content than the one that was to be issued."""

    code = "issue.self_check"


class ProofUpgradeError(SignerError):
    """A better proof cannot be put into this document; it can lie beside it."""

    code = "document.proof_stays"


class HoleTooSmallError(SignerError):
    """The signature does not fit the room that the page left for it."""

    code = "document.hole_too_small"


class UnsignedFormError(SignerError):
    """The bytes are not one of our own unsigned pages: the room for the signature is not where it should be."""

    code = "document.unsigned_form"


class UnsupportedKeyError(SignerError):
    """Documents cannot be signed with a key of this algorithm."""

    code = "document.key_algorithm"


class SigningKeyError(SignerError):
    """The office's key was cut off, or its certificate revoked or ended: nobody would accept what it signs."""

    code = "issue.signing_key"


class KeyActError(SignerError):
    """The act is not for this key: checkers have pinned it, it has no certificate or no cut-off, or it was stolen."""

    code = "key.act"


class CutOffError(SignerError):
    """A cut-off lies within the log; one that was set is only ever made earlier, or forgeries would become good."""

    code = "key.cut_off"


class PublishConflictError(SignerError):
    """A file that may never change stands in the folder with other bytes."""

    code = "publish.conflict"


class PublishUnconditionalError(SignerError):
    """The storage of published files ignores If-None-Match or If-Match: publishers would overwrite one another."""

    code = "publish.unconditional"


class PublishFolderError(SignerError):
    """The folder of published files cannot be read or written; mend its disk or its rights and publish again."""

    code = "publish.folder"


class SealingError(SignerError):
    """The document could not be sealed for the long term: its evidence is missing or does not fit."""

    code = "document.long_term"
