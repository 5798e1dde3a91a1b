"""The signing log: checkpoint and tiles as the standard says, and proofs for whoever holds a licence.

Promises: everything here is public and comes from the database as it stands; no key is used. Tiles are those of C2SP
tlog-tiles; a tile that the log is not long enough for is not there.
"""

import base64
import re
from typing import Annotated, Final

from fastapi import Path, Query, Response

from api.cursors import read_number, write_cursor
from api.errors import NotWitnessedError, UnknownAddressError, UnknownProofError
from api.guard import TheOffice
from api.v1.answers import PREFIX, IfNoneMatch, both, link_next, router
from api.v1.public_file import BINARY, described, public_file
from api.v1.public_schemas import ConsistencyOut, EntryOut, EntryPage
from api.wiring import Office
from registry import leaves
from registry.db import reading
from signer.proofs import cosigned_checkpoint, prove_digest, prove_growth, prove_inclusion, prove_witnessed
from signer.witnessing import cosigned, newest_of_all
from verify.log_proof import LogReceipt
from verify.note import verifier_key_text
from verify.tiles import LEVEL_MAX, TILE_WIDTH, encode_bundle, entries_path, tile_nodes, tile_path
from verify.witness_policy import WitnessPolicy

log_files: Final = router("log", prefix="/log")
log: Final = router("log")
_TEXT: Final = "text/plain; charset=utf-8"
# A checkpoint is as old as the last signature; who waits for a proof asks again in seconds.
CHECKPOINT_SECONDS: Final = 2
TILE_SECONDS: Final = 31_536_000
ENTRIES_MAX: Final = 256
_INDEX_MAX: Final = 1 << 53
_TILE: Final = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

_Index = Annotated[int, Path(ge=0, le=_INDEX_MAX)]
_Witnessed = Annotated[bool, Query(description="Under a checkpoint that has its quorum of witnesses")]
_Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes that were signed")]


@log_files.get(
    "/checkpoint", summary=both("日志检查点", "The checkpoint"), response_class=Response, responses=described(_TEXT)
)
def get_checkpoint(office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the newest signed checkpoint (C2SP tlog-checkpoint) with the cosignatures that it has."""
    note = cosigned_checkpoint(office.database, office.origin)
    if not note:
        raise UnknownProofError
    return public_file(note.encode(), media_type=_TEXT, max_age=CHECKPOINT_SECONDS, if_none_match=if_none_match)


@log_files.get(
    "/checkpoint.witnessed",
    summary=both("日志的已见证检查点", "The newest witnessed checkpoint"),
    response_class=Response,
    responses=described(_TEXT),
)
def get_witnessed_checkpoint(office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the newest checkpoint that has its quorum of witnesses, which in a log in use is not the newest of all."""
    with reading(office.database) as tx:
        found = newest_of_all(tx, _policy(office))
    if found is None:
        raise UnknownProofError
    return public_file(found.note.encode(), media_type=_TEXT, max_age=CHECKPOINT_SECONDS, if_none_match=if_none_match)


@log_files.get(
    "/closed/{size}/checkpoint",
    summary=both("旧名称的最后检查点", "The last checkpoint under a name that the log had"),
    response_class=Response,
    responses=described(_TEXT),
)
def get_closed_checkpoint(
    size: Annotated[int, Path(ge=1, le=_INDEX_MAX)], office: TheOffice, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the checkpoint by which a name was closed; its tiles are those of the log, for the tree goes on."""
    with reading(office.database) as tx:
        notes = [cosigned(tx, each) for each in leaves.all_heads(tx) if each.is_closed and each.size == size]
    if not notes:
        raise UnknownProofError
    return public_file(notes[0].encode(), media_type=_TEXT, max_age=CHECKPOINT_SECONDS, if_none_match=if_none_match)


@log_files.get(
    "/log.vkey", summary=both("日志公钥", "The log's key"), response_class=Response, responses=described(_TEXT)
)
def get_log_key(office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the log's verifier key, as the trust list names it."""
    trust = office.public_files.trust_list(at=office.clock())
    own = [each for each in (trust.verifiers if trust else ()) if each.name == office.origin]
    if not own:
        raise UnknownProofError
    text = verifier_key_text(own[-1].name, own[-1].public) + "\n"
    return public_file(text.encode(), media_type=_TEXT, max_age=CHECKPOINT_SECONDS, if_none_match=if_none_match)


@log_files.get(
    "/tile/{place:path}",
    summary=both("日志分块", "A tile or an entry bundle"),
    response_class=Response,
    responses=described(BINARY),
)
def get_tile(place: str, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return a hash tile or an entry bundle (C2SP tlog-tiles)."""
    content = _tile(office, place)
    return public_file(content, media_type=BINARY, max_age=TILE_SECONDS, if_none_match=if_none_match, immutable=True)


@log.get("/log/entries", summary=both("列出日志条目", "List entries of the log"))
def list_log_entries(
    office: TheOffice,
    response: Response,
    start: Annotated[int, Query(ge=0, le=_INDEX_MAX)] = 0,
    cursor: Annotated[str | None, Query(max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=ENTRIES_MAX)] = 100,
) -> EntryPage:
    """From an index on, as they were hashed; no entry holds a name or personal data."""
    first = read_number("entries", cursor)
    first = start if first is None else first
    origin = office.origin
    with reading(office.database) as tx:
        head = leaves.head(tx, origin)
        found = leaves.entries(tx, origin, first, first + limit)
    following = write_cursor("entries", str(first + limit)) if first + limit < head.size else None
    link_next(response, f"{PREFIX}/log/entries", following, {"limit": limit})
    items = tuple(
        EntryOut(index=each.index, entry=_base64(each.entry), leaf_hash=_base64(each.leaf_hash)) for each in found
    )
    return EntryPage(size=head.size, items=items, next=following)


@log.get(
    "/log/proofs/{index}",
    summary=both("按序号取日志证明", "Prove a leaf by its index"),
    response_class=Response,
    responses=described(_TEXT),
)
def get_inclusion_proof(index: _Index, office: TheOffice, *, witnessed: _Witnessed = False) -> Response:
    """Return the receipt of a leaf (C2SP tlog-proof) under the newest checkpoint, or the newest witnessed one."""
    origin = office.origin
    receipt = prove_inclusion(office.database, origin, index)
    if witnessed and receipt is not None:
        receipt = _demanded(prove_witnessed(office.database, origin, index, _policy(office)))
    return _proof(receipt)


@log.get(
    "/log/proofs/by-digest/{digest}",
    summary=both("按摘要取日志证明", "Prove what was signed by its digest"),
    response_class=Response,
    responses=described(_TEXT),
)
def find_inclusion_proof(digest: _Digest, office: TheOffice, *, witnessed: _Witnessed = False) -> Response:
    """Return the receipt of the entry with this digest: for a code, the SHA-256 of its Sig_structure."""
    origin, hashed = office.origin, bytes.fromhex(digest)
    receipt = prove_digest(office.database, origin, hashed)
    if witnessed and receipt is not None:
        receipt = _demanded(prove_witnessed(office.database, origin, receipt.index, _policy(office)))
    return _proof(receipt)


@log.get("/log/consistency/{old_size}", summary=both("证明日志只增未改", "Prove that the log only grew"))
def get_consistency_proof(old_size: Annotated[int, Path(ge=1, le=_INDEX_MAX)], office: TheOffice) -> ConsistencyOut:
    """Return the proof from a size that the caller knows to the newest checkpoint."""
    proof = prove_growth(office.database, office.origin, old_size)
    if proof is None:
        raise UnknownProofError
    return ConsistencyOut(
        old_size=proof.old_size,
        size=proof.size,
        path=tuple(_base64(each) for each in proof.path),
        checkpoint=proof.note,
    )


def _policy(office: Office) -> WitnessPolicy:
    """Return which witnesses count, as the trust list says."""
    trust = office.public_files.trust_list(at=office.clock())
    return WitnessPolicy() if trust is None else trust.policy


def _demanded(receipt: LogReceipt | None) -> LogReceipt:
    if receipt is None:
        raise NotWitnessedError
    return receipt


def _proof(receipt: LogReceipt | None) -> Response:
    if receipt is None:
        raise UnknownProofError
    return Response(receipt.to_text(), headers={"Cache-Control": "no-store"}, media_type=_TEXT)


def _tile(office: Office, place: str) -> bytes:
    """Return the bytes at a tile's path. Raises `UnknownAddressError` for what is no such path, or not there yet."""
    match = _TILE.fullmatch(place)
    if match is None:
        raise UnknownAddressError
    width, index = int(match["width"] or TILE_WIDTH), int(re.sub(r"[x/]", "", match["number"]))
    is_bundle = match["level"] == "entries"
    level = 0 if is_bundle else int(match["level"])
    if level > LEVEL_MAX or width > TILE_WIDTH or index > _INDEX_MAX // TILE_WIDTH:
        raise UnknownAddressError
    if f"tile/{place}" != (entries_path(index, width) if is_bundle else tile_path(level, index, width)):
        raise UnknownAddressError
    nodes, origin = tile_nodes(level, index, width), office.origin
    with reading(office.database) as tx:
        if is_bundle:
            entries = leaves.entries(tx, origin, nodes[0][1], nodes[-1][1] + 1)
            parts = [each.entry for each in entries]
        else:
            found = leaves.nodes(tx, origin, nodes)
            parts = [found[node] for node in nodes if node in found]
    if len(parts) != width:
        raise UnknownAddressError
    return encode_bundle(parts) if is_bundle else b"".join(parts)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
