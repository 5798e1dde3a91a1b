"""Errors of people's way in. None says whether an account exists, and none repeats what somebody entered."""

from typing import ClassVar

from api.errors import ApiError


class SignInError(ApiError):
    """Root of the errors of sign-in."""

    code: ClassVar[str] = "sign_in"


class WrongSignInError(SignInError):
    """Account, password or code do not fit: which of them is told to nobody."""

    code = "sign_in.wrong"


class SessionMissingError(SignInError):
    """Nobody is signed in in this browser, or the session is over."""

    code = "session.missing"


class SecondFactorMissingError(SignInError):
    """The second factor was not shown yet, or the role needs one and there is none."""

    code = "session.second_factor"


class ProofOldError(SignInError):
    """What is asked for wants the password and the second factor again: the last proof is too long ago."""

    code = "session.proof_old"


class FormForeignError(SignInError):
    """The form does not come from a page that this browser was given in this session."""

    code = "form.foreign"


class FormSentError(SignInError):
    """The form was sent before; it is done once."""

    code = "form.sent"


class PasswordWeakError(SignInError):
    """The new password is too short, too long, too common, or the account's own name."""

    code = "password.weak"


class PasswordsDifferError(SignInError):
    """The password was typed in two ways."""

    code = "password.differs"


class InvitationError(SignInError):
    """The invitation was used, is over, or never was."""

    code = "invitation.unknown"


class ProviderError(SignInError):
    """The identity provider did not say who somebody is, in a way that can be believed."""

    code = "provider.refused"


class ProviderAwayError(SignInError):
    """The identity provider cannot be reached, or answers in another form than the standard says."""

    code = "provider.away"


class ProviderUnknownError(SignInError):
    """The identity provider vouches for somebody whom no account here belongs to."""

    code = "provider.unknown"


class SignInKeyError(SignInError):
    """The file of the sign-in key is damaged or open to others."""

    code = "sign_in.key"


class OwnAccountError(SignInError):
    """Nobody changes their own roles or closes their own account."""

    code = "account.own"


class UploadIncompleteError(SignInError):
    """A file is missing, or a field of the form beside it is missing or not of its form."""

    code = "upload.incomplete"


class PurposeMissingError(SignInError):
    """What is to be checked, the purpose or its legal basis is missing; a number needs its holder and a purpose."""

    code = "desk.incomplete"


class TwoQuestionsError(SignInError):
    """A code or id and a number were both given; an answer to one of them would be taken for that to the other."""

    code = "desk.two_questions"
