"""What keeps a witness from working. Sentences stand in `api/locale`."""

from typing import ClassVar

from verify.errors import YinzhengError


class OwnWitnessError(YinzhengError):
    """Root of this package's errors."""

    code: ClassVar[str] = "own_witness"


class WitnessNameError(OwnWitnessError):
    """A witness is called like an address without its scheme, without spaces or plus signs: audit.example.gov.cn/w."""

    code = "own_witness.name"


class WitnessStoreError(OwnWitnessError):
    """The folder is that of no witness, or what it held of a log is gone or changed; it does not begin anew."""

    code = "own_witness.store"


class WitnessClockError(OwnWitnessError):
    """The clock stands before the last cosignature; nothing is cosigned until it is mended."""

    code = "own_witness.clock"
