"""Errors of sealing official documents. Each leaf is one thing that a caller handles differently."""

from typing import ClassVar

from signer.errors import SignerError


class OfficialError(SignerError):
    """Root of the errors of sealing official documents."""

    code: ClassVar[str] = "official"


class UnreadableUploadError(OfficialError):
    """The file is neither a PDF nor an OFD that can be read."""

    code = "official.unreadable"


class EncryptedUploadError(OfficialError):
    """The file is encrypted: it could only be sealed by whoever may open and change it."""

    code = "official.encrypted"


class CertifiedUploadError(OfficialError):
    """The file is certified, or bears usage rights: its author allows no further signature by us."""

    code = "official.certified"


class ActiveUploadError(OfficialError):
    """The file holds scripts or a form that draws itself: what is seen would not be what is sealed."""

    code = "official.active"


class BrokenSignatureError(OfficialError):
    """The file bears a signature that does not fit it, or was changed afterwards: nobody seals that."""

    code = "official.broken_signature"


class LockedUploadError(OfficialError):
    """An earlier signature covers the list of signatures: nothing may be added (GB/T 33190, 18.2.2)."""

    code = "official.locked"


class LicenceUploadError(OfficialError):
    """The file is a licence of ours; a seal behind its signature would be a change to it."""

    code = "official.licence"


class PageMissingError(OfficialError):
    """There is no such page."""

    code = "official.page_missing"


class PageFormError(OfficialError):
    """A page is too large, too small, or of a form that no seal can be placed on."""

    code = "official.page_form"


class PlaceOutsideError(OfficialError):
    """The seal would not stand on the page whole."""

    code = "official.place_outside"


class AnchorMissingError(OfficialError):
    """The text that the seal should stand over is nowhere in the document, or not so often."""

    code = "official.anchor_missing"


class RidingPagesError(OfficialError):
    """A cross-page seal needs two pages or more."""

    code = "official.riding_pages"


class RidingSignedError(OfficialError):
    """The file is signed already: strips on its pages would be a change to what was signed."""

    code = "official.riding_signed"


class NothingPlacedError(OfficialError):
    """Neither a place nor a cross-page seal was asked for: a seal that nobody sees is none."""

    code = "official.nothing_placed"


class NoPictureError(OfficialError):
    """No picture can be made of an OFD; its bytes are to be looked at in the office's own reader."""

    code = "official.no_picture"


class SlipPageError(OfficialError):
    """A slip is only put behind the pages of a PDF that bears no signature; every document has one of its own."""

    code = "official.slip_page"
