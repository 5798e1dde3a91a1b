"""Errors of custody, certificates and time stamps. Each leaf is one thing that a caller handles differently.

No error carries a passphrase, a byte of a private key or a name of a person.
"""

from typing import ClassVar

from verify.errors import MalformedError, YinzhengError


class KeysError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "keys"


class KeyNameError(MalformedError):
    """Not the name of a key: purpose, owner and generation."""

    code = "key.name"


class KeyMissingError(KeysError):
    """Custody holds no key of this name."""

    code = "key.missing"


class KeyExistsError(KeysError):
    """A key of this name exists or existed; generations are never used twice."""

    code = "key.exists"


class KeyAlgorithmError(KeysError):
    """Keys of this purpose are not made with this algorithm."""

    code = "key.algorithm"


class PassphraseError(KeysError):
    """The passphrase does not open the key file."""

    code = "key.passphrase"


class KeyFileError(KeysError):
    """The key file is damaged, or is the file of another key."""

    code = "key.damaged"


class CustodyAccessError(KeysError):
    """Other users of the machine can reach the folder or a file of custody."""

    code = "custody.access"


class CustodyStorageError(KeysError):
    """The folder of custody could not be read or written: no space, no permission, a file system without hard links."""

    code = "custody.storage"


class LogFirstError(KeysError):
    """The key's purpose demands a log receipt; it was asked to sign without one."""

    code = "key.log_first"


class CountedError(KeysError):
    """The key's purpose is a counted one; it does not take log receipts."""

    code = "key.counted"


class ReceiptProofError(KeysError):
    """The receipt's inclusion proof or checkpoint does not hold."""

    code = "receipt.proof"


class ReceiptKindError(KeysError):
    """The logged entry is no signing intent."""

    code = "receipt.kind"


class ReceiptDigestError(KeysError):
    """The logged intent is that of other bytes."""

    code = "receipt.digest"


class ReceiptPurposeError(KeysError):
    """The logged intent names another purpose than the key's."""

    code = "receipt.purpose"


class ReceiptKeyError(KeysError):
    """The logged intent names another key."""

    code = "receipt.key"


class CertificateRequestError(KeysError):
    """What was asked to be certified breaks the profile: name too long, period outside the issuer's, wrong serial."""

    code = "certificate.request"


class CertificateFormError(MalformedError):
    """Not the DER of an X.509 certificate."""

    code = "certificate.form"


class CertificateKeyError(KeysError):
    """The certificate is for another key."""

    code = "certificate.other_key"


class CertificateProfileError(KeysError):
    """The certificate's extensions do not fit the key's purpose."""

    code = "certificate.profile"


class CertificatePeriodError(KeysError):
    """The certificate, or one above it, is not valid at this moment."""

    code = "certificate.period"


class CertificateChainError(KeysError):
    """The certificates are not in order, or do not lead to an authority that is trusted."""

    code = "certificate.chain"


class CertificateOutsideError(KeysError):
    """The certificate is by an outside authority, which alone can revoke it."""

    code = "certificate.outside"


class RevocationListError(KeysError):
    """The revocation list asked for contradicts itself."""

    code = "revocation.contents"


class TimestampError(KeysError):
    """Root of the errors of time stamps: no stamp was got."""

    code = "timestamp"


class TimestampDigestError(TimestampError):
    """Only SHA-256 digests of 32 bytes are stamped."""

    code = "timestamp.digest"


class TimestampClockError(TimestampError):
    """The clock stands outside the period of the time-stamp service's certificate."""

    code = "timestamp.clock"


class TimestampAddressError(TimestampError):
    """The address of the outside service is no http or https address."""

    code = "timestamp.address"


class TimestampAwayError(TimestampError):
    """The outside time-stamp service cannot be reached."""

    code = "timestamp.away"


class TimestampSlowError(TimestampError):
    """The outside time-stamp service did not answer in time."""

    code = "timestamp.slow"


class TimestampTooLongError(TimestampError):
    """The answer of the outside time-stamp service is longer than any time stamp."""

    code = "timestamp.too_long"


class TimestampRefusedError(TimestampError):
    """The outside time-stamp service answered that it gives no time stamp."""

    code = "timestamp.refused"


class TimestampAnswerError(TimestampError):
    """The answer of the outside service is malformed, or is no answer to our question."""

    code = "timestamp.answer"


class TwoPersonsError(KeysError):
    """An act on a key needs two different persons."""

    code = "ceremony.two_persons"
