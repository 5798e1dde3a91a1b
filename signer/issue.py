"""Issue licences: the one way from a draft to a filed, signed document.

Promises:
  * No signature without a log entry written before; nothing filed that our own strict check refuses.
  * A crash between any two steps loses nothing and doubles nothing: `recover` abandons what was begun, the draft goes
    again.
  * Nobody waits for the log with a transaction open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry import drafts as draft_records
from registry import licences, seal_uses
from registry.db import Transaction, transaction
from registry.errors import RegistryError
from registry.licences import Filing
from registry.records import DraftRecord, LicenceDraft, LicenceRecord
from registry.seal_errors import SealError
from registry.seal_records import UseFiling
from signer.codes import sign_codes, token_claims
from signer.desk import Desk, Operator
from signer.documents import Signed, log_documents, render, sign_documents
from signer.errors import SelfCheckError
from signer.reservation import RefusedDraft, reserve
from signer.statuses import refresh_after_filing
from verify.errors import YinzhengError
from verify.examine import VerifiedLicence, accept


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLicence:
    """A filed licence and its signed bodies: the PDF first, then the OFD, as far as its type has them."""

    draft_id: str
    record: LicenceRecord
    documents: tuple[bytes, ...]

    @property
    def document(self) -> bytes:
        """The first body."""
        return self.documents[0]

    @property
    def ofd(self) -> bytes | None:
        """The OFD, if the type has one."""
        return None if self.record.ofd_digest is None else self.documents[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Signed bodies that a stranger would accept as one licence."""

    signed: Signed
    licence: VerifiedLicence


def issue(desk: Desk, draft: LicenceDraft, *, operator: Operator, at: datetime) -> IssuedLicence:
    """Save this draft and issue it: a chunk of one. Raises the reason when it is refused; the draft stays."""
    with transaction(desk.database) as tx:
        record = draft_records.add_draft(tx, draft, created_by=operator.person_id, at=at, random=desk.random)
    return issue_saved(desk, record, operator=operator, at=at)


def issue_saved(desk: Desk, record: DraftRecord, *, operator: Operator, at: datetime) -> IssuedLicence:
    """Issue one saved draft. Raises the reason when it is refused."""
    (outcome,) = issue_chunk(desk, (record,), operator=operator, at=at)
    if isinstance(outcome, RefusedDraft):
        raise outcome.error
    return outcome


def issue_chunk(
    desk: Desk, records: Sequence[DraftRecord], *, operator: Operator, at: datetime
) -> tuple[IssuedLicence | RefusedDraft, ...]:
    """Issue up to fifty saved drafts; the outcomes stand in the order of the drafts.

    1. Judge each draft; reserve number, id and status index for the good ones, and take a use of the seal. 2. Log the
    intents of the codes, then sign them. 3. Render the bodies round them. 4. Log the intents of the bodies: the hash of
    the exact bytes to be signed. 5. Sign, with time stamp and log proof. 6. Check our own work like a stranger. 7. Keep
    the documents, then file all, with the uses of the seals.

    Raises what stops everybody: a clock behind the log, a database or disk that is away. The drafts stay as they were,
    and may be issued again; what was filed before the error is found filed.
    """
    reserved, refused_1 = reserve(desk, records, operator=operator, at=at)  # (1) a transaction of its own
    coded, refused_2 = sign_codes(desk, reserved, at=at)  # (2)
    rendered, refused_3 = render(desk, coded, operator=operator, at=at)  # (3)
    receipts = log_documents(desk, rendered)  # (4) no transaction is open here
    signed = sign_documents(desk, rendered, receipts)  # (5)
    checked, refused_6 = check(desk, signed, at=at)  # (6)
    issued, refused_7 = file(desk, checked, operator=operator, at=at)  # (7)
    outcomes: dict[str, IssuedLicence | RefusedDraft] = {}
    outcomes |= {each.draft_id: each for each in (*refused_1, *refused_2, *refused_3, *refused_6, *refused_7)}
    outcomes |= {each.draft_id: each for each in issued}
    return tuple(outcomes[record.draft_id] for record in records)


def check(
    desk: Desk, signed: Sequence[Signed], *, at: datetime
) -> tuple[tuple[Checked, ...], tuple[RefusedDraft, ...]]:
    """Judge each document as a stranger would, with nothing but the trust list, and compare it with what was wanted."""
    evidence = desk.evidence(at=at)
    checked, refused = [], []
    for each in signed:
        try:
            licence = accept(each.documents, evidence, at=max(at, desk.clock()))
            _demand_same(each, licence, at=at)
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=each.coded.reserved.record.draft_id, error=error))
        else:
            checked.append(Checked(signed=each, licence=licence))
    desk.after("checked")
    return tuple(checked), tuple(refused)


def _demand_same(signed: Signed, licence: VerifiedLicence, *, at: datetime) -> None:
    """Refuse a document that is good but says something else than what was to be issued."""
    wanted = signed.coded.reserved
    if licence.data_set != wanted.data_set:
        raise SelfCheckError("the document carries another data set")
    if licence.token.text != signed.coded.text or licence.token.claims != token_claims(wanted, at=at):
        raise SelfCheckError("the document carries another code")


def file(
    desk: Desk, checked: Sequence[Checked], *, operator: Operator, at: datetime
) -> tuple[tuple[IssuedLicence, ...], tuple[RefusedDraft, ...]]:
    """Keep the documents on the disk, then file all licences in one transaction.

    One that recovery abandoned meanwhile, or that replaces what no longer stands, is left out and the rest filed.
    """
    if not checked:
        return (), ()
    desk.vault.put_all([document for each in checked for document in each.signed.documents])
    desk.after("kept")
    waiting = {each.signed.coded.reserved.record.draft_id: each for each in checked}
    refused: list[RefusedDraft] = []
    records: tuple[LicenceRecord, ...] = ()
    while waiting and not records:
        try:
            records = _file_all(desk, tuple(waiting.values()), operator=operator, at=at)
        except RegistryError as error:
            draft_id = error.params.get("draft_id")
            if draft_id is None:  # what stops everybody
                raise
            del waiting[draft_id]
            refused.append(RefusedDraft(draft_id=draft_id, error=error))
    desk.after("filed")
    refresh_after_filing(desk, records, at=at)
    if any(record.replaces is not None for record in records):
        desk.log.flush_pending()  # the acts that ended the older versions wait for their leaves
    return tuple(
        IssuedLicence(draft_id=draft_id, record=record, documents=each.signed.documents)
        for (draft_id, each), record in zip(waiting.items(), records, strict=True)
    ), tuple(refused)


def _file_all(desk: Desk, checked: Sequence[Checked], *, operator: Operator, at: datetime) -> tuple[LicenceRecord, ...]:
    filings = [
        Filing(
            licence=each.licence,
            place=each.signed.coded.reserved.place,
            draft=each.signed.coded.reserved.record,
            code_leaf=each.signed.coded.leaf,
        )
        for each in checked
    ]
    uses = [
        UseFiling(
            use_id=each.signed.coded.reserved.use.use_id,
            bodies=tuple((body.digest.hex(), body.leaf) for body in each.licence.documents),
        )
        for each in checked
    ]
    with transaction(desk.database) as tx:
        filed = licences.file_licences(tx, filings, operator_role=operator.role.value, at=at, random=desk.random)
        _file_uses(tx, uses, checked, desk, at=at)
        return filed


def _file_uses(
    tx: Transaction, uses: Sequence[UseFiling], checked: Sequence[Checked], desk: Desk, *, at: datetime
) -> None:
    """File the uses, or raise what is against one with the `draft_id` that it is about."""
    try:
        seal_uses.file_uses(tx, uses, at=at, random=desk.random)
    except SealError as error:
        drafts = {each.signed.coded.reserved.use.use_id: each.signed.coded.reserved.record for each in checked}
        record = drafts.get(error.params.get("use", ""))
        raise error if record is None else type(error)(params={"draft_id": record.draft_id}) from error
