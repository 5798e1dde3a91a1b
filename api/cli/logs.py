"""`log prove`, `log checkpoint`: what anybody may ask of the signing log, to check it elsewhere."""

from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.files import read_file, write_file
from api.cli.program import group, session_of
from api.errors import NotWitnessedError, UnknownProofError
from api.wiring import Office
from registry import leaves, licences
from registry.db import reading
from registry.leaves import LogHead
from signer.proofs import cosigned_checkpoint, prove_witnessed
from verify.document import read_document
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.tree import combine, inclusion_nodes
from verify.values import LicenceId
from verify.witness_policy import WitnessPolicy

_PAGE: Final = 1000
_DIGEST_LENGTH: Final = 64

log = group("log")


@log.command(help="输出当前检查点（签名的文本）。 Print the newest checkpoint, a signed note.")
def checkpoint(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="另存为。 Write it there.")] = None,
) -> None:
    """Print the newest checkpoint."""
    session = session_of(context)
    head = _head(session.office)
    note = cosigned_checkpoint(session.office.database, head.origin)
    if out is not None:
        write_file(out, note.encode())
    session.screen.result(
        {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": note}, note.rstrip("\n")
    )


@log.command(help="证明一条日志在册：输出 C2SP tlog-proof。 Prove that an entry stands in the log.")
def prove(
    context: typer.Context,
    entry: Annotated[
        str,
        typer.Argument(
            metavar="LEAF|ID|FILE|DIGEST",
            help="序号、核验码、签发的 PDF 或 64 位摘要。 Leaf number, licence id, signed PDF, or digest in hex.",
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="另存为。 Write it there.")] = None,
    *,
    witnessed: Annotated[
        bool,
        typer.Option(
            "--witnessed", help="只要有见证方法定数的检查点。 Under a checkpoint that has its quorum of witnesses."
        ),
    ] = False,
) -> None:
    """Print the proof of one entry under the newest checkpoint, or under the newest that is witnessed."""
    session = session_of(context)
    receipt = prove_leaf(session.office, _leaf(session.office, entry))
    if witnessed:
        receipt = _witnessed(session.office, receipt.index)
    text = receipt.to_text()
    if out is not None:
        write_file(out, text.encode())
    session.screen.result({"leaf": receipt.index, "proof": text}, text.rstrip("\n"))


def _witnessed(office: Office, index: int) -> LogReceipt:
    """Return the witnessed proof of an entry. Raises `NotWitnessedError`."""
    trust = office.evidence().trust
    policy = WitnessPolicy() if trust is None else trust.policy
    receipt = prove_witnessed(office.database, office.origin, index, policy)
    if receipt is None:
        raise NotWitnessedError
    return receipt


def prove_leaf(office: Office, index: int) -> LogReceipt:
    """Return the proof of an entry. Raises `UnknownProofError` when there is none of that number."""
    with reading(office.database) as tx:
        head = leaves.head(tx, office.origin)
        if not 0 <= index < head.size:
            raise UnknownProofError
        (stored,) = leaves.entries(tx, head.origin, index, index + 1)
        groups = inclusion_nodes(index, head.size)
        nodes = leaves.nodes(tx, head.origin, [node for group in groups for node in group])
    return LogReceipt(entry=stored.entry, index=index, path=combine(groups, nodes), note=head.note)


def _head(office: Office) -> LogHead:
    with reading(office.database) as tx:
        return leaves.head(tx, office.origin)


def _leaf(office: Office, text: str) -> int:
    """Return the number of the entry that is meant. Raises `UnknownProofError`, `LicenceIdError`."""
    if text.isdecimal() and len(text) < 16:
        return int(text)
    path = Path(text)
    if path.is_file():
        receipt = read_document(read_file(path), None, (), at=office.clock()).receipt
        if receipt is None:
            raise UnknownProofError
        return receipt.index
    with reading(office.database) as tx:
        if len(text) == _DIGEST_LENGTH:
            digest = bytes.fromhex(text)
            found = leaves.find_by_digest(tx, office.origin, digest, EntryKind.INTENT)
            found = leaves.find_by_digest(tx, office.origin, digest) if found is None else found
            if found is None:
                raise UnknownProofError
            return found
        licence = licences.find_licence(tx, LicenceId.parse(text).text)
    if licence is None:
        raise UnknownProofError
    return licence.document_leaf
