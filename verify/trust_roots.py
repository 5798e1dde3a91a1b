"""Change of the root key that signs trust lists: a list signed by the old root and by the new one, which it names.

Promises:
  * Nobody becomes root who was not named under the signature of the root that is believed now, and who did not sign
    the very same list himself.
  * Changes that a verifier went through before, or that start at another root, are passed over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from verify.algorithms import key_identifier
from verify.cose import decode_sign1, read_header
from verify.errors import MalformedError
from verify.trust import (
    TRUST_LIST_BYTES_MAX,
    TrustListFormError,
    TrustListSignatureError,
    open_trust_list,
)

# A change stays good after its list is over: it says who is root, not who may issue what.
_ANY_TIME: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootChange:
    """The same list, signed by the old root and by the new one."""

    by_old: bytes = field(repr=False)
    by_new: bytes = field(repr=False)


def follow_roots(root: bytes, changes: Iterable[RootChange]) -> bytes:
    """Return the root that is to be believed after these changes, in their order. Raises a `TrustListError`."""
    for change in changes:
        kid, payload = _opened(change.by_old)
        if kid != key_identifier(root):
            continue
        trust = open_trust_list(change.by_old, root, at=_ANY_TIME)
        if not trust.next_root:
            raise TrustListFormError("the list names no new root")
        _, again = _opened(change.by_new)
        open_trust_list(change.by_new, trust.next_root, at=_ANY_TIME)
        if again != payload:
            raise TrustListSignatureError("the new root signed another list")
        root = trust.next_root
    return root


def _opened(signed: bytes) -> tuple[bytes, bytes]:
    """Return key id and payload of a list, whose signature is not checked here."""
    try:
        sign1 = decode_sign1(signed, tagged=True, bytes_max=TRUST_LIST_BYTES_MAX)
        _, kid = read_header(sign1)
    except MalformedError as error:
        raise TrustListFormError(error.detail) from error
    return kid, sign1.payload
