"""Errors of the registry. Each leaf is one thing that a caller handles differently.

Promises: no error repeats a value that somebody entered, for it may be personal data; nor do the driver's own
errors, which are therefore never chained to ours where they name values.
"""

from typing import ClassVar

from verify.errors import YinzhengError


class RegistryError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "registry"


class DatabaseAwayError(RegistryError):
    """The database cannot be reached or read; try again when it is back. Nothing was written."""

    code = "database.away"


class DatabaseBusyError(RegistryError):
    """Somebody else held what this act needs for too long; the same act may be tried again at once."""

    code = "database.busy"


class DatabaseSchemaError(RegistryError):
    """The tables are not those of this version; run the migration before anything else."""

    code = "database.schema"


class DiskFullError(RegistryError):
    """There is no room for the record or the document; nothing of it was kept."""

    code = "disk.full"


class ConflictError(RegistryError):
    """A record with the same key exists, or one that it names does not."""

    code = "record.conflict"


class NestedTransactionError(RegistryError):
    """A transaction was opened inside a transaction of the same thread, which would wait for itself for ever."""

    code = "database.nested"


class NotAllowedError(RegistryError):
    """The licence is in no state that allows this act."""

    code = "licence.not_allowed"


class UnknownLicenceError(RegistryError):
    """No licence of this id is filed."""

    code = "licence.unknown"


class ChangedMeanwhileError(RegistryError):
    """The record is not as the caller saw it last; read it again and decide anew."""

    code = "record.changed"


class NotLatestVersionError(RegistryError):
    """The licence to be replaced has been replaced or ended already."""

    code = "licence.not_latest"


class IntentAbandonedError(RegistryError):
    """Recovery gave this attempt up while it was still running; the draft goes the whole way again."""

    code = "intent.abandoned"


class UnknownDraftError(RegistryError):
    """There is no such draft."""

    code = "draft.unknown"


class DraftStateError(RegistryError):
    """The draft is in no state that allows this act: it is filed already, or withdrawn."""

    code = "draft.state"


class OwnDraftError(RegistryError):
    """Nobody approves the draft that they wrote."""

    code = "draft.own_review"


class NumberFormatError(RegistryError):
    """The number format of a licence type is not of the language of ``number_format.py``."""

    code = "number_format.malformed"


class NumberMalformedError(RegistryError):
    """The given licence number does not follow the format of its type, or its check digit is wrong."""

    code = "number.malformed"


class NumberUsedError(RegistryError):
    """The given licence number belongs to another licence of this type and issuer."""

    code = "number.used"


class NumberExhaustedError(RegistryError):
    """All serials that the number format has room for are given out."""

    code = "number.exhausted"


class DepartmentTreeError(RegistryError):
    """A department stands below one that is not of a higher level, or below itself."""

    code = "department.tree"


class UnknownDepartmentError(RegistryError):
    """There is no such department."""

    code = "department.unknown"


class CatalogueError(RegistryError):
    """A licence type or service item is not complete, or contradicts itself."""

    code = "catalogue.malformed"


class LogConflictError(RegistryError):
    """The log's head is not the one that the batch was made for; nothing was appended."""

    code = "log.conflict"


class ArtefactOrderError(RegistryError):
    """A newer artefact of this name is kept already."""

    code = "artefact.order"


class BatchConflictError(RegistryError):
    """The batch holds another content in this row; a row is never exchanged silently."""

    code = "batch.conflict"


class UnknownBatchError(RegistryError):
    """There is no such batch."""

    code = "batch.unknown"


class LeaseLostError(RegistryError):
    """The lease of this chunk ran out and another worker took it."""

    code = "batch.lease_lost"


class UnknownDocumentError(RegistryError):
    """The vault holds no document of this digest."""

    code = "document.unknown"


class NoSuchBodyError(RegistryError):
    """The licence's type has no body of this form."""

    code = "licence.no_such_body"


class DocumentDamagedError(RegistryError):
    """The bytes in the vault are not those that were put there."""

    code = "document.damaged"
