"""What a witness's answer may be instead of a cosignature: one error for each that somebody handles differently.

None of them ever stops issuing by itself. A witness that is away, slow or lying is told about, and asked again; only
evidence under our own log's signature (`signer/log_safety.py`) stops the log.
"""

from typing import ClassVar

from signer.errors import SignerError


class WitnessError(SignerError):
    """Root: this witness did not cosign this time."""

    code: ClassVar[str] = "witness"


class WitnessAddressError(WitnessError):
    """The policy names no http or https address for it."""

    code = "witness.address"


class WitnessAwayError(WitnessError):
    """No connection to it."""

    code = "witness.away"


class WitnessSlowError(WitnessError):
    """It did not answer in time."""

    code = "witness.slow"


class WitnessTooLongError(WitnessError):
    """Its answer is longer than any good one."""

    code = "witness.too_long"


class WitnessStatusError(WitnessError):
    """It answered with a status that the protocol does not know."""

    code = "witness.status"


class WitnessUnknownLogError(WitnessError):
    """It does not know our log: its people must be told the log's key."""

    code = "witness.unknown_log"


class WitnessRefusedError(WitnessError):
    """It finds no good signature of our log: it was told another key."""

    code = "witness.refused"


class WitnessMalformedError(WitnessError):
    """Its answer is of another form."""

    code = "witness.malformed"


class WitnessNoLineError(WitnessError):
    """Its answer holds no line of the key that the policy names."""

    code = "witness.no_line"


class WitnessSignatureError(WitnessError):
    """Its line is forged, or is about another checkpoint."""

    code = "witness.bad_signature"


class WitnessTimeError(WitnessError):
    """Its line states a time that cannot be."""

    code = "witness.wrong_time"


class WitnessLoopError(WitnessError):
    """It refuses each size that it names itself."""

    code = "witness.loop"


class WitnessClaimsAheadError(WitnessError):
    """It says that it holds a larger log than ours, and shows none: a lie, or a log that was set back."""

    code = "witness.claims_ahead"


class WitnessRefusesProofError(WitnessError):
    """It says that our log does not continue the one that it holds, and shows none: a lie, or a fork."""

    code = "witness.refuses_proof"


class WitnessContradictsError(WitnessError):
    """It holds a checkpoint under our own log's signature that our database does not continue: proof of a fork."""

    code = "witness.contradicts"
