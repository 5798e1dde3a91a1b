"""What becomes due by the calendar: once a day, or as often as one likes.

Promises:
  * A suspension whose last day is over ends; a licence whose missing papers are overdue is suspended. Both are acts
    like an officer's, with reason and legal basis, and done once, however often and in how many processes this runs.
  * Each day's count of each counted key is logged (kind 5, event `count`), each use in one count and no more.
  * Trust list and revocation lists are renewed a day after they were made, status lists as they need it.
  * One licence that cannot be changed does not keep the others waiting.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cryptography.x509 import load_der_x509_crl

from keys.custody import KeyName
from registry import catalogue, client_keys, key_uses, leaves, licences, log_records, receipts, requests, webhooks
from registry.db import Transaction, reading, transaction
from registry.errors import ArtefactOrderError, ChangedMeanwhileError, NotAllowedError
from registry.key_uses import DayCount
from registry.lifecycle import LicenceEvent
from registry.records import LicenceRecord, Role
from signer import key_register
from signer.change import Change, change, demand_licence
from signer.desk import Desk, Operator
from signer.errors import ChangeRefusedError
from signer.key_acts import KeyDesk, renew_revocation_lists
from signer.monthly_reports import make_due_reports
from signer.public_lists import newest_trust_list, revocation_lists
from signer.seal_acts import finish_seals
from signer.seal_histories import refresh_seal_histories
from signer.seal_statuses import refresh_seal_lists
from signer.statuses import refresh_status_lists
from signer.trust_lists import renew_trust_list
from verify import cbor
from verify.licence import ISSUER_ZONE
from verify.log_entry import EntryKind

# Checkers keep a list for up to 30 days; a day's rhythm leaves 29 for a machine that stands still.
RENEW_AFTER: Final = timedelta(days=1)
COUNT_EVENT: Final = "count"
SUSPENSION_OVER: Final = "暂停期限届满，恢复效力。The term of the suspension is over."
PAPERS_OVERDUE: Final = "容缺受理的材料逾期未补齐。Papers that were promised for later are overdue."

Due = Callable[[Transaction, date], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was done: licences reinstated and suspended, counts logged, lists renewed and published."""

    reinstated: int
    suspended: int
    counted: int
    trust_list: bool
    revocation_lists: int
    status_lists: tuple[int, ...]


def run_daily(desk: Desk, keys: KeyDesk | None, *, at: datetime) -> Day:
    """Do what is due.

    1. End suspensions. 2. Suspend for overdue papers. 3. Log the counts of the days before. 4. Renew trust list and
    revocation lists, destroy keys of seals that ended, report on the months that are over; `keys` is None where their
    keys lie elsewhere. 5. Publish status lists, of licences and of seals. 6. Forget old requests, messages, and
    receipts that are to be deleted by now.

    Raises `LogClockError`, and what the database raises; what was done until then stays done.
    """
    desk.log.demand_clock()
    reinstated = _each_due(desk, licences.due_reinstatements, _reinstatement, at=at)  # (1)
    suspended = _each_due(desk, licences.overdue_papers, _suspension, at=at)  # (2)
    note_uses(desk, at=at)
    counted = log_counts(desk, at=at)  # (3)
    has_new_trust = keys is not None and _renew_trust(desk, keys, at=at)  # (4)
    crls = 0 if keys is None else _renew_crls(desk, keys, at=at)
    if keys is not None:
        finish_seals(keys, at=at)
        with suppress(ArtefactOrderError):  # another process was faster
            make_due_reports(keys, at=at)
    lists = refresh_status_lists(desk, at=at)  # (5)
    refresh_seal_lists(desk, at=at)
    refresh_seal_histories(desk, at=at)
    with transaction(desk.database) as tx:
        requests.expire(tx, at=at)  # (6)
        receipts.delete_due(tx, at=at)
        webhooks.drop_old(tx, at=at)
        client_keys.forget_old(tx, at=at)
    return Day(
        reinstated=reinstated,
        suspended=suspended,
        counted=counted,
        trust_list=has_new_trust,
        revocation_lists=crls,
        status_lists=lists,
    )


def note_uses(desk: Desk, *, at: datetime) -> None:
    """Note how often this process used its counted keys; call it every minute, and before the process ends."""
    with transaction(desk.database) as tx:
        key_uses.note(tx, desk.log.worker, desk.custody.counts(), day=at.astimezone(ISSUER_ZONE).date())


def log_counts(desk: Desk, *, at: datetime) -> int:
    """Log the counts of all days before today that are not logged yet, and return how many entries that makes."""
    with transaction(desk.database) as tx:
        days = key_uses.take_days(tx, before=at.astimezone(ISSUER_ZONE).date())
        for each in days:
            _leave_count(tx, each, at=at)
    if days:
        desk.log.flush_pending()
    return len(days)


def _leave_count(tx: Transaction, count: DayCount, *, at: datetime) -> None:
    kid = key_register.demand(tx, KeyName.parse(count.key)).public.kid
    record = {"event": COUNT_EVENT, "key": count.key, "kid": kid, "day": count.day.isoformat(), "uses": count.uses}
    digest = log_records.keep(tx, cbor.encode(record | {"at": int(at.timestamp())}), at=at)
    detail = {1: COUNT_EVENT, 2: kid}
    leaves.add_pending(tx, EntryKind.KEY, digest, detail, at=at, key=f"key:{digest.hex()}")


def _each_due(desk: Desk, due: Due, act: Callable[[Transaction, LicenceRecord], Change], *, at: datetime) -> int:
    """Do an act on each licence for which it is due, a page at a time, and return how many there were."""
    today, done = at.astimezone(ISSUER_ZONE).date(), 0
    while True:
        with reading(desk.database) as tx:
            ids = due(tx, today)
        changed = _change_all(desk, ids, act, at=at)
        done += changed
        if not changed:  # none is due, or none of them can be changed now
            return done


def _change_all(
    desk: Desk, ids: Sequence[str], act: Callable[[Transaction, LicenceRecord], Change], *, at: datetime
) -> int:
    changed = 0
    for licence_id in ids:
        with reading(desk.database) as tx:
            licence = demand_licence(tx, licence_id)
            wanted = act(tx, licence)
        operator = Operator(person_id=Role.SYSTEM.value, department=licence.issuer, role=Role.SYSTEM)
        try:
            change(desk, licence_id, wanted, operator=operator, at=at, if_match=licence.etag)
        except (NotAllowedError, ChangedMeanwhileError, ChangeRefusedError):  # somebody was faster, or it has no basis
            continue
        changed += 1
    return changed


def _reinstatement(_tx: Transaction, licence: LicenceRecord) -> Change:
    basis = "" if licence.last_event is None else licence.last_event.legal_basis
    return Change(event=LicenceEvent.REINSTATE, reason=SUSPENSION_OVER, legal_basis=basis)


def _suspension(tx: Transaction, licence: LicenceRecord) -> Change:
    licence_type = catalogue.find_type_version(tx, licence.type_code, licence.type_version)
    basis = "" if licence_type is None else licence_type.legal_basis
    return Change(event=LicenceEvent.SUSPEND, reason=PAPERS_OVERDUE, legal_basis=basis)


def _renew_trust(desk: Desk, keys: KeyDesk, *, at: datetime) -> bool:
    if at - newest_trust_list(desk.database).issued_at < RENEW_AFTER:
        return False
    with suppress(ArtefactOrderError):  # another process was faster
        renew_trust_list(keys, at=at)
        return True
    return False


def _renew_crls(desk: Desk, keys: KeyDesk, *, at: datetime) -> int:
    made = [load_der_x509_crl(each).last_update_utc for each in revocation_lists(desk.database)]
    if made and at - min(made) < RENEW_AFTER:
        return 0
    with suppress(ArtefactOrderError):  # another process was faster
        return len(renew_revocation_lists(keys, at=at))
    return 0
