"""The 25 verdicts in one town: for each the real inputs that reach it, and what had to happen to the town before.

    for case in every_verdict(hall):
        ...                       # the town is now as the case needs it: ask by page, HTTP, command line

Promises:
  * Nothing is imitated: licences are issued, revoked, replaced; keys are cut off, certificates revoked, a type moves to
    another office; the registry is away, the clock is wrong. Only what a burglar does to a database is done by SQL.
  * Whoever looks for a verdict that no case reaches finds a test that fails.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text

from api.checking import ask_registry, check_text
from api.cli.strangers import altered, foreign
from keys.custody import KeyName
from keys.revocation import Reason
from registry import catalogue, leaves
from registry.db import open_database, reading, transaction
from signer.issue import IssuedLicence
from signer.key_acts import revoke_certificate
from signer.key_turns import cut_off
from signer.live_codes import make_live_code
from signer.trust_lists import renew_trust_list
from tests.hall import Hall
from tests.town import BUREAU, BUSINESS, MARKET, PERSONS, TEACHER
from verify.evidence import RegistryAnswer
from verify.key_purpose import KeyPurpose
from verify.verdict import Verdict

COMBINED: Final = "11999999000000019M008"
REFERENCE: Final = "示市监罚字〔2026〕1号"
ACTS: Final[Mapping[Verdict, str]] = {
    Verdict.REVOKED: "revoke",
    Verdict.RESCINDED: "rescind",
    Verdict.WITHDRAWN: "withdraw",
    Verdict.CANCELLED: "cancel",
    Verdict.SUSPENDED: "suspend",
}
AWAY: Final = "while the registry is away nobody knows whose key a caller shows"

Given = str | bytes
"""A text, an id, or a file."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Inputs that get one verdict from the town as it stands; `no_receipt` is why none can be asked for."""

    verdict: Verdict
    given: tuple[Given, ...]
    no_receipt: str = ""


@dataclass
class Prepared:
    """A town in which everything was issued; `bodies` are code, id, PDF and OFD of a licence."""

    hall: Hall
    bodies: dict[str, tuple[Given, ...]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def issues(self, name: str, **changes: Any) -> dict[str, Any]:
        """Issue a signboard permit over HTTP."""
        issued = self.hall.issues(**changes)
        path = f"/api/v1/licences/{issued['licence_id']}/document"
        files = [self.hall.ask("GET", f"{path}?form={form}", key="officer").content for form in ("pdf", "ofd")]
        self._keep(name, issued["licence_id"], (issued["code_text"], issued["licence_id"], *files))
        return issued

    def issued(self, name: str, licence: IssuedLicence) -> None:
        """Keep one that was issued without HTTP."""
        record = licence.record
        self._keep(name, record.licence_id, (record.token_text, record.licence_id, licence.document))

    def _keep(self, name: str, licence_id: str, bodies: tuple[Given, ...]) -> None:
        self.ids[name], self.bodies[name] = licence_id, bodies


def prepare(hall: Hall) -> Prepared:
    """Issue all that will be asked about: nothing has happened to any of it yet."""
    made, today = Prepared(hall), hall.town.now.date()
    for verdict in ACTS:
        made.issues(verdict.value)
    made.issues("good")
    made.issues("old")
    made.issues("near", valid_until=today + timedelta(days=5))
    made.issues("later", valid_from=today + timedelta(days=20))
    part, town = made.issues("part"), hall.town
    combined = town.draft(COMBINED)
    listed = {**combined.fields, "KZ_XKSX": f"户外招牌设置许可证 {part['number']} 有效期至2028年11月23日"}
    made.issued("combined", town.issues(replace(combined, fields=listed)))
    made.issued("person", town.issues(town.teacher_draft()))
    made.issued("before", town.issues(town.draft(BUSINESS)))
    with reading(town.database) as tx:
        size = leaves.head(tx, town.desk.log.origin).size
    made.issued("after", town.issues(town.draft(BUSINESS)))
    made.ids["size"] = str(size)
    return made


def change(made: Prepared) -> None:
    """Let everything happen that licences, keys and offices can suffer."""
    hall, town = made.hall, made.hall.town
    until = {"until": (town.now + timedelta(days=30)).date().isoformat()}
    for verdict, act in ACTS.items():
        more = until if verdict is Verdict.SUSPENDED else {}
        assert hall.acts(made.ids[verdict.value], act, reference=REFERENCE, **more).is_success
    assert hall.acts(made.ids["part"], "revoke").is_success
    _renew(made)
    # The market office's code key was stolen, and the certificate of its documents should not have been used any more.
    code = town.key_desk.custody.newest(KeyPurpose.CODE, MARKET)
    cut_off(town.key_desk, code, size=int(made.ids["size"]), persons=PERSONS, at=town.now)
    document: KeyName = town.key_desk.custody.newest(KeyPurpose.DOCUMENT, MARKET)
    earlier = town.now - timedelta(hours=1)
    revoke_certificate(town.key_desk, document, reason=Reason.SUPERSEDED, persons=PERSONS, at=earlier)
    # Teachers' certificates are another office's business from now on.
    teacher, food = town.types[TEACHER], next(each for each in town.types.values() if each.item_codes[0][:18] == BUREAU)
    with transaction(town.database) as tx:
        catalogue.add_type(tx, replace(teacher, version=teacher.version + 1, item_codes=food.item_codes[:1]))
    renew_trust_list(town.key_desk, at=town.now)
    town.publishes()


def _renew(made: Prepared) -> None:
    """Replace the old version by a newer one."""
    hall, town = made.hall, made.hall.town
    until = (town.signboard_draft().valid_until or town.now.date()) + timedelta(days=200)
    body = {"valid_from": town.now.date().replace(year=2027).isoformat(), "valid_until": until.isoformat()}
    path = f"/api/v1/licences/{made.ids['old']}/renew"
    draft = hall.ask("POST", path, key="officer", once="renew-it-1", seen='"1"', json=body)
    issue = f"{draft.headers['location']}/issue"
    assert hall.ask("POST", issue, key="officer", once="issue-it-1", seen=draft.headers["etag"]).is_success


def every_verdict(made: Prepared) -> Iterator[Case]:
    """Yield each case while the town is as it needs it; the town must have been changed."""
    yield from _of_states(made)
    yield from _of_forgeries(made)
    yield from _of_keys(made)
    yield from _of_live_codes(made)
    yield from _of_burglars(made)
    yield from _of_the_registry_away(made)
    yield from _of_clocks(made)


def _of_states(made: Prepared) -> Iterator[Case]:
    yield Case(verdict=Verdict.VALID, given=made.bodies["good"])
    for verdict in ACTS:
        yield Case(verdict=verdict, given=made.bodies[verdict.value][:3])
    yield Case(verdict=Verdict.SUPERSEDED, given=made.bodies["old"])
    yield Case(verdict=Verdict.PARTLY_VALID, given=made.bodies["combined"])
    yield Case(verdict=Verdict.VALID_EXPIRING, given=made.bodies["near"][:2])
    yield Case(verdict=Verdict.NOT_YET_VALID, given=made.bodies["later"][1:3])


def _of_forgeries(made: Prepared) -> Iterator[Case]:
    code, _, pdf, _ = made.bodies["good"]
    assert isinstance(code, str)
    assert isinstance(pdf, bytes)
    digit = "1" if code[-1] != "1" else "2"
    yield Case(verdict=Verdict.TAMPERED, given=(f"{code[:-1]}{digit}", altered(pdf)))
    yield Case(verdict=Verdict.UNKNOWN_ISSUER, given=(foreign(at=made.hall.town.now),))
    yield Case(verdict=Verdict.NOT_FOUND, given=("0" * 16,))
    yield Case(verdict=Verdict.UNREADABLE, given=("https://elsewhere.example/nothing", b"%PDF-1.7\n" + bytes(500)))


def _of_keys(made: Prepared) -> Iterator[Case]:
    code, _, pdf = made.bodies["after"]
    yield Case(verdict=Verdict.NOT_IN_LOG, given=(code, pdf))
    yield Case(verdict=Verdict.SIGNER_REVOKED, given=made.bodies["before"][2:])
    code, _, pdf = made.bodies["person"]
    yield Case(verdict=Verdict.WRONG_ISSUER, given=(code, pdf))


def _of_live_codes(made: Prepared) -> Iterator[Case]:
    used = _live_code(made)
    assert check_text(made.hall.office, used).verdict is Verdict.VALID
    yield Case(verdict=Verdict.SHOW_CODE_USED, given=(used,))


def _live_code(made: Prepared) -> str:
    answer = ask_registry(made.hall.office, made.ids["good"])
    assert isinstance(answer, RegistryAnswer)
    return make_live_code(made.hall.town.desk, answer, at=made.hall.town.now)


def _of_burglars(made: Prepared) -> Iterator[Case]:
    hall, files = made.hall, made.bodies["near"][2:]
    entry = "SELECT leaf_hash, idx FROM log_entry, licence WHERE idx = document_leaf AND licence_id = :id"
    with transaction(hall.office.database) as tx:
        kept = tx.execute(text(entry), {"id": made.ids["near"]}).one()
        tx.execute(text("UPDATE log_entry SET leaf_hash = entry WHERE idx = :idx"), {"idx": kept.idx})
    yield Case(verdict=Verdict.LOG_INCONSISTENT, given=files[:1])
    with transaction(hall.office.database) as tx:
        restored = {"idx": kept.idx, "hash": kept.leaf_hash}
        tx.execute(text("UPDATE log_entry SET leaf_hash = :hash WHERE idx = :idx"), restored)
    with transaction(hall.office.database) as tx:
        lists = tx.execute(text("SELECT * FROM artefact WHERE kind = 'crl'")).mappings().all()
        tx.execute(text("DELETE FROM artefact WHERE kind = 'crl'"))
    yield Case(verdict=Verdict.STATUS_UNKNOWN, given=made.bodies["good"][2:])
    names = list(lists[0])
    values = ", ".join(f":{name}" for name in names)
    with transaction(hall.office.database) as tx:
        tx.execute(text(f"INSERT INTO artefact ({', '.join(names)}) VALUES ({values})"), [dict(each) for each in lists])  # noqa: S608


def _of_the_registry_away(made: Prepared) -> Iterator[Case]:
    """With a fresh status list a code can be decided without the registry; an id cannot, nor a code with an old one."""
    good, revoked = made.bodies["good"], made.bodies[Verdict.REVOKED.value]
    with _registry_away(made.hall):
        yield Case(verdict=Verdict.ENDED, given=revoked[:1], no_receipt=AWAY)
        yield Case(verdict=Verdict.VALID, given=good[:1], no_receipt=AWAY)
        yield Case(verdict=Verdict.UNREACHABLE, given=good[1:2], no_receipt=AWAY)
        with _moved(made.hall, timedelta(hours=26)):
            yield Case(verdict=Verdict.UNREACHABLE, given=good[:1], no_receipt=AWAY)


def _of_clocks(made: Prepared) -> Iterator[Case]:
    """Our own clock is two hours slow; then time passes, and back there is no way, for receipts are in the log."""
    with _moved(made.hall, -timedelta(hours=2)):
        yield Case(verdict=Verdict.CLOCK_WRONG, given=made.bodies["good"][:1])
    clock, missed = made.hall.town.clock, _live_code(made)
    clock.moves(timedelta(minutes=2))
    yield Case(verdict=Verdict.SHOW_CODE_EXPIRED, given=(missed,))
    clock.moves(timedelta(days=6))
    yield Case(verdict=Verdict.EXPIRED, given=made.bodies["near"])
    clock.moves(timedelta(days=180))  # and nobody renewed the trust list
    code, _, *files = made.bodies["good"]
    yield Case(verdict=Verdict.UNREACHABLE, given=(code, *files))


@contextmanager
def _registry_away(hall: Hall) -> Iterator[None]:
    ours = hall.office.database
    hall.office.database = open_database("sqlite:////nowhere/at/all/registry.db")
    yield
    hall.office.database = ours


@contextmanager
def _moved(hall: Hall, step: timedelta) -> Iterator[None]:
    hall.town.clock.moves(step)
    yield
    hall.town.clock.moves(-step)
