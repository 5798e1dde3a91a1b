"""Evidence for a check without a deployment: public files that somebody brought along.

Promises:
  * The trust list is believed only under the root key that the caller pins; status lists only under the trust list.
  * A list that is older than the one that was seen last under this root is refused.
  * What is not brought along is not guessed: the verdict says what could not be checked.

`--trust` is the trust list, a counter pack, or a copy of the published folder: `trust-list.cbor`, `status/` and the
revocation lists.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from api.cli.files import read_file
from api.cli.kept_number import keep_number, read_number
from verify.evidence import Evidence
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.pack import PACK_BYTES_MAX, Pinned, open_pack
from verify.status import STATUS_LIST_BYTES_MAX, StatusList, StatusListError, open_status_list
from verify.trust import TRUST_LIST_BYTES_MAX, TrustList, TrustListFormError, open_trust_list

TRUST_LIST_FILE: Final = "trust-list.cbor"
STATUS_FOLDER: Final = "status"
_REVOCATION_SUFFIX: Final = ".crl"
_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
_KEY_BYTES_MAX: Final = 4096
_CRL_BYTES_MAX: Final = 16 * 1024 * 1024
# A pack is an array of two in CBOR; a trust list is a tagged COSE_Sign1.
_PACK_BEGIN: Final = b"\x82"
_PEM_BEGIN: Final = "-----BEGIN PUBLIC KEY-----"
_PEM_END: Final = "-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """The files that a check without a deployment relies on."""

    trust: Path
    root: Path
    status: Sequence[Path] = ()
    revocation: Sequence[Path] = ()


def read_evidence(brought: Brought, *, at: datetime) -> Evidence:
    """Open what was brought along: a trust list, a copy of the published folder, or a counter pack.

    Raises a `TrustListError`, `StatusListError` or `PackError`, `NoFileError`, `KeptNumberError`.
    """
    is_folder = brought.trust.is_dir()
    path = brought.trust / TRUST_LIST_FILE if is_folder else brought.trust
    root_spki = _root_of(brought)
    sequence_min = read_number(brought.root, root_spki)
    content = read_file(path, bytes_max=TRUST_LIST_BYTES_MAX if is_folder else PACK_BYTES_MAX)
    if content.startswith(_PACK_BEGIN):
        pack = open_pack(content, Pinned(root=root_spki, trust_sequence_min=sequence_min))
        pack.demand_current(at=at)
        return _with_lists(pack.evidence(at=at), pack.trust, brought.status, brought.revocation)
    trust = open_trust_list(content, root_spki, at=at, sequence_min=sequence_min)
    status = [*brought.status, *(_numbered(brought.trust / STATUS_FOLDER) if is_folder else ())]
    lists = [
        *brought.revocation,
        *(sorted(brought.trust.glob(f"*{_REVOCATION_SUFFIX}")) if is_folder else ()),
    ]
    return _with_lists(Evidence(trust=trust), trust, status, lists)


def keep_seen(brought: Brought, evidence: Evidence) -> None:
    """Keep the number of the list that was opened, so that no older one passes later. Raises `NotWrittenError`."""
    if evidence.trust is not None:
        keep_number(brought.root, _root_of(brought), evidence.trust.sequence)


def encode_public_key(spki: bytes) -> bytes:
    """Return a public key as PEM."""
    text = base64.b64encode(spki).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((_PEM_BEGIN, *lines, _PEM_END, "")).encode()


def decode_public_key(content: bytes) -> bytes:
    """Read a public key in PEM. Raises `TrustListFormError`."""
    try:
        lines = content.decode("ascii").split()
        text = " ".join(lines)
        if not text.startswith(_PEM_BEGIN) or not text.endswith(_PEM_END):
            raise TrustListFormError("the root is not a public key in PEM")
        return base64.b64decode("".join(text[len(_PEM_BEGIN) : -len(_PEM_END)].split()), validate=True)
    except (UnicodeDecodeError, binascii.Error) as error:
        raise TrustListFormError("the root is not a public key in PEM") from error


def _root_of(brought: Brought) -> bytes:
    return decode_public_key(read_file(brought.root, bytes_max=_KEY_BYTES_MAX))


def _with_lists(evidence: Evidence, trust: TrustList, status: Iterable[Path], lists: Iterable[Path]) -> Evidence:
    opened = (_open_status(trust, each) for each in status)
    return replace(
        evidence,
        crls=tuple(read_file(each, bytes_max=_CRL_BYTES_MAX) for each in lists),
        status_lists={**evidence.status_lists, **{each.uri: each for each in opened}},
    )


def _numbered(folder: Path) -> Iterator[Path]:
    """Yield the status lists of a copy of the published folder: files whose names are numbers."""
    yield from sorted(path for path in folder.glob("*") if path.name.isdecimal())


def _open_status(trust: TrustList, path: Path) -> StatusList:
    """Open a list under the address that its file name says, for one of the offices of the trust list."""
    content = read_file(path, bytes_max=STATUS_LIST_BYTES_MAX)
    prefixes = {each.status_prefix for each in trust.issuers if each.status_prefix}
    refused = StatusListError("of no office of the trust list")
    for prefix in sorted(prefixes):
        try:
            return open_status_list(
                content,
                uri=f"{prefix}{path.name}",
                keys=lambda kid: [key for _, key in trust.keys_for(kid, _STATUS_USE)],
            )
        except StatusListError as error:
            refused = error
    raise refused
