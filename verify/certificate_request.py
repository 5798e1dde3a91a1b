"""Tell what a certificate request signs (PKCS#10, RFC 2986) from everything else that a key signs.

Promises: no signed attributes of a document, no TBS_Sign of a seal and no Sig_structure of a code passes for one.
"""

from typing import Final

from verify.der import SEQUENCE, read_whole
from verify.errors import MalformedError

# [0] of a CertificationRequestInfo.
_ATTRIBUTES: Final = 0xA0


def is_certificate_request(record: bytes) -> bool:
    """Say whether these bytes are a CertificationRequestInfo: version 0, subject, key, attributes, nothing else."""
    try:
        inside = read_whole(record, SEQUENCE)
        inside.take_integer(value_max=0)
        for tag in (SEQUENCE, SEQUENCE, _ATTRIBUTES):
            inside.take(tag)
        inside.end()
    except MalformedError:
        return False
    return True
