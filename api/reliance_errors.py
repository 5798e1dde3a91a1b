"""Errors of the way in for offices that rely on licences."""

from api.errors import ApiError


class RelianceItemError(ApiError):
    """The service item is not named, or the catalogue has none of this code."""

    code = "reliance.item"


class RelianceOtherItemError(ApiError):
    """The service item is another office's."""

    code = "reliance.other_item"


class RelianceKeepError(ApiError):
    """The receipt would have to be deleted before today, or is to be kept longer than any case file."""

    code = "reliance.keep_until"


class NumberNeedsPurposeError(ApiError):
    """A licence is looked up by number and holder for a stated purpose only: numbers run in sequence."""

    code = "reliance.purpose"
