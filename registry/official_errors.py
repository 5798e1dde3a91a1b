"""Errors about official documents in the registry. Each leaf is one thing that a caller handles differently."""

from typing import ClassVar

from registry.errors import RegistryError


class OfficialDocumentError(RegistryError):
    """Root of the errors about official documents."""

    code: ClassVar[str] = "official_document"


class UnknownOfficialDocumentError(OfficialDocumentError):
    """There is no official document of this id."""

    code = "official_document.unknown"


class OfficialStateError(OfficialDocumentError):
    """The document is in no state that allows this: it is sealed, being sealed or given up."""

    code = "official_document.state"


class OfficialSamePersonError(OfficialDocumentError):
    """Who prepared a document does not approve it."""

    code = "official_document.same_person"


class OfficialDigestError(OfficialDocumentError):
    """The digest is not that of the bytes that were prepared: look at them again."""

    code = "official_document.digest"
