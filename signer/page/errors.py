"""Errors of pages and templates. Each leaf is one thing that a caller handles differently.

Promises: a detail names the place in a template or the name of a field, never a value that somebody entered.
"""

from typing import ClassVar

from signer.errors import SignerError


class PageError(SignerError):
    """Root of this package's errors."""

    code: ClassVar[str] = "page"


class TemplateError(PageError):
    """The template is not written as it must be; the detail says where and what."""

    code = "template.malformed"


class UnknownTemplateError(PageError):
    """No template of this name and version lies in the office's folders or in ours."""

    code = "template.unknown"


class TextOverflowError(PageError):
    """A text does not fit its box, not even in the smallest size that the template allows."""

    code = "page.text_overflow"


class CharacterMissingError(PageError):
    """A character stands in none of the fonts; it is named, and nothing is printed as an empty box."""

    code = "page.character_missing"


class ControlCharacterError(PageError):
    """A text holds a control character, which no document can write."""

    code = "page.control_character"


class PictureError(PageError):
    """A picture is of a kind that the document may not carry."""

    code = "page.picture"


class FontMissingError(PageError):
    """A font that every page needs was not brought by the build."""

    code = "font.missing"


class FontUnusableError(PageError):
    """A font file cannot be read, has no TrueType outlines, or may not be embedded."""

    code = "font.unusable"


class QrTooLongError(PageError):
    """The text is longer than a QR code of the largest version that we print holds."""

    code = "qr.too_long"


class SealPictureTextError(PageError):
    """The name does not fit the ring of a seal picture."""

    code = "seal_picture.text"


class SealPictureFormatError(PageError):
    """The picture of a seal is no PNG, a moving one, or a damaged one."""

    code = "seal_picture.format"


class SealPictureLargeError(PageError):
    """The picture of a seal has more bytes or pixels than a seal needs."""

    code = "seal_picture.large"


class SealPictureResolutionError(PageError):
    """The picture of a seal does not say how many pixels a millimetre has, or has too few or too many."""

    code = "seal_picture.resolution"


class SealPictureSizeError(PageError):
    """The picture of a seal is smaller or larger on paper than a seal may be."""

    code = "seal_picture.size"


class SealPictureTransparencyError(PageError):
    """The picture of a seal has a background, which would hide the text under it, or shows nothing."""

    code = "seal_picture.transparency"


class PhotoUnreadableError(PageError):
    """The photo is no JPEG or PNG picture, or a damaged one."""

    code = "photo.unreadable"


class PhotoTooLargeError(PageError):
    """The photo has more pixels or bytes than a photo for a licence needs."""

    code = "photo.too_large"


class PhotoTooSmallError(PageError):
    """The photo has too few pixels to be printed."""

    code = "photo.too_small"
