"""Errors about seals, grants and uses. Each leaf is one thing that a caller handles differently.

Promises: each reason for which a seal may not be used has a leaf of its own; no error names a person.
"""

from typing import ClassVar

from registry.errors import RegistryError


class SealError(RegistryError):
    """Root of the errors about seals."""

    code: ClassVar[str] = "seal"


class UnknownSealError(SealError):
    """There is no seal of this code."""

    code = "seal.unknown"


class SealNotAllowedError(SealError):
    """The seal is in no state that allows this act."""

    code = "seal.not_allowed"


class SealCodeError(SealError):
    """A seal code has 14 digits: six of the division, eight of the seal."""

    code = "seal.code"


class SealCodeUsedError(SealError):
    """Another seal bears this code; a code is never given out twice."""

    code = "seal.code_used"


class SealNotFiledError(SealError):
    """The seal was applied for or made, and not yet filed with the authority; nothing may be sealed before that."""

    code = "seal.not_filed"


class SealRefusedError(SealError):
    """The application for this seal was refused."""

    code = "seal.refused"


class SealSuspendedError(SealError):
    """The seal is suspended; nothing may be sealed until it is reinstated."""

    code = "seal.suspended"


class SealCalledInError(SealError):
    """The seal was called in; nothing is sealed with it again."""

    code = "seal.called_in"


class SealDestroyedError(SealError):
    """The seal was destroyed, and its key with it."""

    code = "seal.destroyed"


class SealNotBegunError(SealError):
    """The seal's term has not begun."""

    code = "seal.not_begun"


class SealEndedError(SealError):
    """The seal's term is over; it must be renewed."""

    code = "seal.ended"


class SealCertificateError(SealError):
    """The certificate in the seal does not hold at this moment; the seal must be renewed."""

    code = "seal.certificate_ended"


class NoEndingError(SealError):
    """The custodian did not propose this end, or the seal changed since; it must be proposed anew."""

    code = "seal.no_ending"


class SealSamePersonError(SealError):
    """Nobody approves their own application, and nobody uses a seal that they manage."""

    code = "seal.same_person"


class RolesMixedError(SealError):
    """Managing seals, using them and auditing them are never one person's."""

    code = "seal.roles_mixed"


class SealGrantError(SealError):
    """Root of the errors about grants."""

    code: ClassVar[str] = "seal_grant"


class UnknownGrantError(SealGrantError):
    """There is no grant of this number."""

    code = "seal_grant.unknown"


class NoGrantError(SealGrantError):
    """No grant lets this department use a seal; its custodian can give one."""

    code = "seal_grant.none"


class GrantTermsError(SealGrantError):
    """The terms of the grant are not complete, or contradict themselves or the seal."""

    code = "seal_grant.terms"


class GrantWithdrawnError(SealGrantError):
    """The grant was withdrawn."""

    code = "seal_grant.withdrawn"


class GrantNotBegunError(SealGrantError):
    """The grant's term has not begun."""

    code = "seal_grant.not_begun"


class GrantEndedError(SealGrantError):
    """The grant's term is over."""

    code = "seal_grant.ended"


class GrantUsedUpError(SealGrantError):
    """The grant's number of uses is used up."""

    code = "seal_grant.used_up"


class GrantOfficeError(SealGrantError):
    """The grant is another department's."""

    code = "seal_grant.office"


class GrantPersonError(SealGrantError):
    """The grant is another person's."""

    code = "seal_grant.person"


class GrantRoleError(SealGrantError):
    """The grant is for another role."""

    code = "seal_grant.role"


class GrantTypeError(SealGrantError):
    """The grant does not cover this licence type, or no documents that are no licence."""

    code = "seal_grant.type"


class GrantItemError(SealGrantError):
    """The grant does not cover this service item."""

    code = "seal_grant.item"


class SecondPersonError(SealGrantError):
    """The grant demands a second person, and there is none, or it is the operator."""

    code = "seal_grant.second_person"


class SealUseError(SealError):
    """Root of the errors about uses."""

    code: ClassVar[str] = "seal_use"


class UnknownUseError(SealUseError):
    """There is no such use of a seal."""

    code = "seal_use.unknown"


class UseAbandonedError(SealUseError):
    """Recovery gave this use up while it was still running; the document goes the whole way again."""

    code = "seal_use.abandoned"


class UseFiledError(SealUseError):
    """This use is filed; a use is filed once."""

    code = "seal_use.filed"
