"""OFDs sealed by the bureau of a seal room, for whoever needs a whole one and neither log nor registry."""

from functools import cache
from typing import Final

from signer.page.ofd import UnsignedOfd
from signer.page.ofd_seal import assemble_ofd, prepare_ofd_seal
from signer.page.press import PageRequest
from signer.page.seal_picture import SEAL_MM
from tests.key_room import NOW
from tests.page_requests import OFFICE, press, seal
from tests.seal_room import SealRoom
from verify.seal_objects import Picture
from verify.sm2 import sm3

RECEIPT: Final = "c2sp.org/tlog-proof@v1\nindex 7\n"


@cache
def room() -> SealRoom:
    """Make the keys once for all tests of a process."""
    return SealRoom.found()


@cache
def office_seal() -> bytes:
    """Make the office's seal once, with its picture."""
    return room().seal(name=OFFICE.name, picture=Picture(kind="png", data=seal(), width_mm=SEAL_MM, height_mm=SEAL_MM))


def seal_up(unsigned: UnsignedOfd, *, receipt: str = RECEIPT) -> bytes:
    """Seal an OFD and return the whole file."""
    prepared = prepare_ofd_seal(unsigned, office_seal(), signed_at=NOW)
    value = room().sign(
        office_seal(), data_hash=sm3(prepared.signature_xml), property_info=prepared.property_info, mandate=None
    )
    return assemble_ofd(prepared, value, receipt)


def sealed_ofd(request: PageRequest) -> bytes:
    """Return the OFD of this licence, sealed."""
    unsigned = press().render_bodies(request).ofd
    assert unsigned is not None
    return seal_up(unsigned)
