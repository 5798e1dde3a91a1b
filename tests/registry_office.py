"""The registry's small world: an approval bureau that goes the steps of issuing that need no key.

It saves drafts, reserves places, writes intents and files licences whose tokens carry a signature that nobody checks. Small
brother of the town, for what needs records and nothing else; random bytes are the same in each run.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from registry import drafts, leaves, licences, numbers
from registry.db import Database, Transaction, transaction
from registry.leaves import Intent, StoredEntry
from registry.licences import Filing
from registry.records import DraftRecord, IntentState, LicenceDraft, LicenceRecord, Place
from verify.algorithms import Algorithm
from verify.licence import DataSet, HolderKind
from verify.qr_token import LicenceToken, ShortStatus, TokenClaims
from verify.tree import Frontier, leaf_hash
from verify.values import LicenceId, LicenceIdentifier

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
BUREAU = "119999990000000511"
FOOD = "11999999000000019M002"
SIGNBOARD = "11999999000000019M007"
HOLDER = "91999999MA00000154"
ORIGIN = "log.example/2026"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as ``accept`` hands it over."""

    digest: bytes
    leaf: int
    form: str = "pdf"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the registry reads of a ``VerifiedLicence``; the real one comes only out of a signed PDF."""

    data_set: DataSet
    token: LicenceToken
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Office:
    """The sample town's approval bureau."""

    database: Database
    random: Callable[[int], bytes] = field(default_factory=lambda: random.Random(7).randbytes)  # noqa: S311 - a test's

    def draft(self, **changes: Any) -> LicenceDraft:
        """Return a complete draft of a signboard permit, which needs no reviewer."""
        draft = LicenceDraft(
            type_code=SIGNBOARD,
            issuer=BUREAU,
            holder_name="示例餐饮有限公司",
            holder_kind=HolderKind.ORGANISATION,
            holder_code=HOLDER,
            holder_code_type="001",
            fields={"KZ_SZDD": "示例路1号", "KZ_ZPNR": "示例", "KZ_ZPXS": "附着式", "KZ_GG": "6×1×0.2", "KZ_SL": "1"},
            valid_from=date(2026, 11, 24),
            valid_until=date(2028, 11, 23),
            item_code="1199999900000005113000117015000",
        )
        return replace(draft, **changes)

    def saves(self, count: int = 1, **changes: Any) -> tuple[DraftRecord, ...]:
        """Save drafts."""
        with transaction(self.database) as tx:
            return drafts.add_drafts(
                tx, [self.draft(**changes)] * count, created_by="officer", at=AT, random=self.random
            )

    def reserves(self, records: Sequence[DraftRecord], *, at: datetime = AT) -> tuple[Place, ...]:
        """Reserve a place for each."""
        with transaction(self.database) as tx:
            return numbers.reserve(tx, records, random=self.random, at=at)

    def intends(self, places: Sequence[Place], *, lease: timedelta = timedelta(minutes=10)) -> dict[str, int]:
        """Write the two intents of each attempt into the log; return the index of each attempt's first one."""
        with transaction(self.database) as tx:
            start = self.logs(
                tx, [f"{place.licence_id} {part}".encode() for place in places for part in ("code", "pdf")]
            )
            log = leaves.head(tx, ORIGIN).log
            leaves.open_intents(
                tx,
                [
                    Intent(
                        log=log,
                        leaf_index=start + 2 * number + part,
                        licence_id=place.licence_id,
                        purpose=("code", "document")[part],
                        state=IntentState.OPEN,
                        worker="worker-1",
                        lease_until=AT + lease,
                    )
                    for number, place in enumerate(places)
                    for part in (0, 1)
                ],
            )
        return {place.licence_id: start + 2 * number for number, place in enumerate(places)}

    def logs(self, tx: Transaction, entries: Sequence[bytes]) -> int:
        """Append entries to the log; return the index of the first."""
        before = leaves.lock_head(tx, ORIGIN)
        hashes = [leaf_hash(entry) for entry in entries]
        frontier, nodes = Frontier(before.size, before.edge).grow(hashes)
        after = replace(
            before, size=frontier.size, root=frontier.root, edge=frontier.edge, note=f"note {frontier.size}", time=AT
        )
        stored = [
            StoredEntry(index=index, entry=entry, leaf_hash=hashed, digest=sha256(entry).digest())
            for index, (entry, hashed) in enumerate(zip(entries, hashes, strict=True), before.size)
        ]
        leaves.append(tx, before, stored, nodes, after)
        return before.size

    def filing(self, record: DraftRecord, place: Place, leaf: int) -> Filing:
        """Return what is filed for one draft."""
        document = Document(sha256(place.licence_id.encode()).digest(), leaf + 1)
        accepted = Accepted(_data_set(record, place), _token(record, place), (document,))
        return Filing(licence=accepted, place=place, draft=record, code_leaf=leaf)  # type: ignore[arg-type]

    def files(self, filings: Sequence[Filing]) -> tuple[LicenceRecord, ...]:
        """File a chunk."""
        with transaction(self.database) as tx:
            return licences.file_licences(tx, filings, operator_role="issuing_officer", at=AT, random=self.random)

    def issues(self, count: int = 1, **changes: Any) -> tuple[LicenceRecord, ...]:
        """Go the whole way with so many drafts."""
        records = self.saves(count, **changes)
        places = self.reserves(records)
        first = self.intends(places)
        return self.files(
            [self.filing(record, place, first[place.licence_id]) for record, place in zip(records, places, strict=True)]
        )


def _data_set(record: DraftRecord, place: Place) -> DataSet:
    return DataSet(
        salt=bytes(16),
        type_code=record.draft.type_code,
        number=place.number,
        holder_name=record.draft.holder_name,
        holder_uscc=record.draft.holder_code if record.draft.holder_code_type == "001" else None,
        valid_from=record.draft.valid_from,
        valid_until=record.draft.valid_until,
        office_name="示例市行政审批服务局",
        fields=record.draft.fields,
        identifier=LicenceIdentifier(place.identifier),
        licence_id=LicenceId.parse(place.licence_id),
    )


def _token(record: DraftRecord, place: Place) -> LicenceToken:
    claims = TokenClaims(
        issuer=record.draft.issuer,
        licence_id=LicenceId.parse(place.licence_id),
        issued_at=AT,
        not_before=None,
        expires_at=None,
        type_code=record.draft.type_code,
        number=place.number,
        holder=record.draft.holder_name,
        holder_uscc=record.draft.holder_code,
        valid_from=record.draft.valid_from,
        valid_until=record.draft.valid_until,
        office=None,
        data_set_digest=bytes(16),
        status=ShortStatus(list_number=place.status_list, index=place.status_index),
    )
    return LicenceToken(
        claims=claims,
        algorithm=Algorithm.ES256,
        kid=bytes(8),
        to_be_signed=place.licence_id.encode(),
        signature=bytes(64),
        host="example.test",
        text=f"https://example.test/v/{place.licence_id}#1",
    )
