"""Our own trust list and revocation lists, read as a stranger would who has the deployment's root.

Promises: reads and checks, makes nothing; so who only checks licences loads nothing of keys and acts.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from registry import artefacts
from registry.db import Database, reading
from verify.trust import TrustList, TrustListFormError, open_trust_list

TRUST_LIST: Final = "trust_list"
TRUST_LIST_NAME: Final = "trust-list"
TRUST_ROOT: Final = "trust_root"
TRUST_ROOT_NAME: Final = "trust-root"
REVOCATION: Final = "crl"


def newest_trust_list(database: Database) -> TrustList:
    """Return our own newest trust list, checked like a stranger's but for its end, which the desk looks at.

    Raises a `TrustListError`, also when there is none.
    """
    with reading(database) as tx:
        content = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME)
        root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    if content is None or root is None:
        raise TrustListFormError("there is no trust list; the deployment was not founded to its end")
    return _opened(content, root)


def revocation_lists(database: Database) -> tuple[bytes, ...]:
    """Return our own newest revocation lists, as DER."""
    with reading(database) as tx:
        return tuple(content for _, content in artefacts.all_latest(tx, REVOCATION))


# A process sees a new list once a day; the one before may still be asked for by a check that is under way.
@lru_cache(maxsize=4)
def _opened(content: bytes, root: bytes) -> TrustList:
    """Check signature and form; what is cached does not grow old, so its age is the caller's."""
    return open_trust_list(content, root, at=datetime.min.replace(tzinfo=UTC))
