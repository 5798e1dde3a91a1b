"""Errors of the way in: who calls, how often, how much, in which form. Sentences stand in `api/locale`.

Each leaf is one thing that a caller handles differently; `api/problems.py` gives each its HTTP status.
"""

from typing import ClassVar

from verify.errors import YinzhengError


class ApiError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "request"


class NoDatabaseError(ApiError):
    """The data folder holds no registry; `yinzheng init` founds a deployment."""

    code = "deployment.no_database"


class NoKeysError(ApiError):
    """The key folder holds no key of the signing log, so that nothing could be signed."""

    code = "deployment.no_keys"


class NoTemplateError(ApiError):
    """A licence type names a template that neither the office's folder nor ours holds."""

    code = "deployment.no_template"


class ListenError(ApiError):
    """The server cannot listen there: another process has the port, or the address is not this machine's."""

    code = "deployment.listen"


class NoCustodyError(ApiError):
    """This process serves the public: it has no keys and signs nothing."""

    code = "custody.closed"


class MalformedRequestError(ApiError):
    """The body or a parameter is not of the form that the operation takes."""

    code = "request.malformed"


class UnknownAddressError(ApiError):
    """There is nothing at this address."""

    code = "request.address"


class MethodError(ApiError):
    """The address does not know this method."""

    code = "request.method"


class MediaTypeError(ApiError):
    """The body is of a media type that the operation does not take."""

    code = "request.media_type"


class RequestTooLargeError(ApiError):
    """The body is longer than the operation takes."""

    code = "request.too_large"


class RequestSlowError(ApiError):
    """The body did not come in within the time that anybody needs."""

    code = "request.slow"


class TooManyRequestsError(ApiError):
    """Too many requests from this address or client; `params` says after how many seconds to try again."""

    code = "request.too_many"


class ServerFullError(ApiError):
    """As many requests are in hand as memory allows; none of this one was read."""

    code = "server.full"


class CallerUnknownError(ApiError):
    """No key was shown, or one that does not exist, is closed, or has another secret: all look the same."""

    code = "caller.unknown"


class IdempotencyKeyMissingError(ApiError):
    """The operation wants an Idempotency-Key of 8 to 128 visible characters."""

    code = "idempotency.missing"


class IdempotencyKeyUsedError(ApiError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency.used"


class IdempotencyKeyRunningError(ApiError):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency.running"


class PreconditionMissingError(ApiError):
    """The operation wants If-Match with the ETag that the caller saw last."""

    code = "precondition.missing"


class CursorError(ApiError):
    """The cursor is none that a page of this list gave out."""

    code = "cursor.malformed"


class UnknownProofError(ApiError):
    """The signing log has no such leaf, or is not that long."""

    code = "log.no_such_leaf"


class NotWitnessedError(ApiError):
    """The entry stands in the log, and no checkpoint over it has its quorum of witnesses yet."""

    code = "log.not_witnessed"


class UnknownArtefactError(ApiError):
    """No such list or certificate is published."""

    code = "artefact.unknown"


class MomentAheadError(ApiError):
    """The moment that was asked about has not come yet."""

    code = "request.future"


class UnknownTypeError(ApiError):
    """The catalogue has no such licence type today."""

    code = "licence_type.unknown"
