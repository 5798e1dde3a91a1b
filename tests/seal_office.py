"""The registry's small world of seals: a bureau whose seal was applied for, approved, made and filed, without any key.

    office = SealOffice(database)          # the sample town's departments
    code = office.has_seal()               # filed, made of bytes that nobody checks
    grant = office.grants(code)            # for the signboard permit and the food licence, each with its legal basis
    use = office.takes(grant, licence_id="…")

Random bytes are the same in each run. The town (``tests/town.py``) has seals with real keys.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from registry import seal_grants, seal_uses, seals
from registry.db import Database, reading, transaction
from registry.seal_lifecycle import SealAct
from registry.seal_records import (
    GrantTerms,
    MadeObject,
    Occasion,
    SealApplication,
    SealDeed,
    SealGrant,
    SealPicture,
    SealRecord,
    SealStep,
    SealUse,
    UseFiling,
    UseRequest,
)

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
BUREAU = "119999990000000511"
MARKET = "1199999900000006XQ"
FOOD = "11999999000000019M002"
SIGNBOARD = "11999999000000019M007"
FOOD_ITEM = "1199999900000005113000131012000"
SIGNBOARD_ITEM = "1199999900000005113000117015000"
FOOD_BASIS = "中华人民共和国食品安全法 第三十五条"
SIGNBOARD_BASIS = "城市市容和环境卫生管理条例 第十一条"
CUSTODIAN = SealDeed(person="custodian-1", role="seal_custodian", reason="启用新印章", legal_basis="国办发〔2025〕33号")
APPROVER = replace(CUSTODIAN, person="approver-1", role="seal_approver", reason="同意")


@dataclass(frozen=True, slots=True)
class SealOffice:
    """The sample town's approval bureau, with its seals."""

    database: Database
    random: Callable[[int], bytes] = field(default_factory=lambda: random.Random(11).randbytes)  # noqa: S311 - a test's

    def application(self, **changes: Any) -> SealApplication:
        """Return an application for the bureau's seal, good for a year."""
        application = SealApplication(
            name="示例市行政审批服务局行政审批专用章",
            name_en="Administrative approval seal of the Sample City Administrative Approval Bureau",
            kind=99,
            owner=BUREAU,
            picture=SealPicture(content=b"a picture", width_mm=42, height_mm=42),
            valid_from=AT,
            valid_until=AT + timedelta(days=365),
        )
        return replace(application, **changes)

    def applies(self, *, at: datetime = AT, code: str | None = None, **changes: Any) -> SealRecord:
        """Apply for a seal."""
        with transaction(self.database) as tx:
            application = self.application(**changes)
            return seals.apply_for_seal(tx, application, CUSTODIAN, at=at, random=self.random, code=code)

    def renews(self, code: str, *, at: datetime = AT, **changes: Any) -> SealRecord:
        """Apply for a seal's next object."""
        with transaction(self.database) as tx:
            return seals.renew_seal(tx, code, self.application(**changes), CUSTODIAN, at=at, random=self.random)

    def does(self, code: str, act: SealAct, *, at: datetime = AT, deed: SealDeed | None = None) -> SealRecord:
        """Do an act on a seal, as the approver unless told otherwise; what is made is made of nothing."""
        made = self.made(code) if act is SealAct.MAKE else None
        with transaction(self.database) as tx:
            step = SealStep(act=act, made=made)
            return seals.act_on_seal(tx, code, step, deed or APPROVER, at=at, random=self.random)

    def made(self, code: str, **changes: Any) -> MadeObject:
        """Return an object that no seal maker signed."""
        with reading(self.database) as tx:
            pending = seals.pending_object(tx, code) or seals.objects_of(tx, code)[-1]
        made = MadeObject(
            key=f"seal.{code}-1",
            valid_from=pending.valid_from,
            valid_until=pending.valid_until,
            certificate=b"a certificate",
            certificate_from=AT,
            certificate_until=AT + timedelta(days=365),
            content=f"seal object of {code} {self.random(4).hex()}".encode(),
            maker_leaf=7,
        )
        return replace(made, **changes)

    def has_seal(self, **changes: Any) -> str:
        """Let a seal go the whole way and return its code."""
        code = self.applies(**changes).code
        for act in (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE):
            self.does(code, act)
        return code

    def terms(self, **changes: Any) -> GrantTerms:
        """Return terms that let the bureau's officers issue food licences and signboard permits for half a year."""
        terms = GrantTerms(
            office=BUREAU,
            types=frozenset({FOOD, SIGNBOARD}),
            items={FOOD_ITEM: FOOD_BASIS, SIGNBOARD_ITEM: SIGNBOARD_BASIS},
            valid_from=AT,
            valid_until=AT + timedelta(days=180),
        )
        return replace(terms, **changes)

    def grants(self, code: str, *, at: datetime = AT, **changes: Any) -> SealGrant:
        """Give a grant."""
        with transaction(self.database) as tx:
            return seal_grants.add_grant(tx, code, self.terms(**changes), CUSTODIAN, at=at, random=self.random)

    def withdraws(self, grant: SealGrant, *, at: datetime = AT) -> SealGrant:
        """Withdraw a grant."""
        with transaction(self.database) as tx:
            return seal_grants.withdraw_grant(tx, grant.grant_id, CUSTODIAN, at=at, random=self.random)

    def occasion(self, **changes: Any) -> Occasion:
        """Return the occasion of a signboard permit, by the bureau's officer alone."""
        occasion = Occasion(
            office=BUREAU,
            person="officer-1",
            role="issuing_officer",
            type_code=SIGNBOARD,
            item_code=SIGNBOARD_ITEM,
        )
        return replace(occasion, **changes)

    def request(self, grant: SealGrant, licence_id: str = "0123456789abcdef", **changes: Any) -> UseRequest:
        """Return a request for one use."""
        return UseRequest(grant_id=grant.grant_id, occasion=self.occasion(**changes), licence_id=licence_id)

    def takes(self, grant: SealGrant, *, at: datetime = AT, lease: int = 10, **changes: Any) -> SealUse:
        """Take one use, with a lease of so many minutes."""
        with transaction(self.database) as tx:
            request, until = self.request(grant, **changes), at + timedelta(minutes=lease)
            return seal_uses.take_use(tx, request, at=at, lease_until=until, random=self.random)

    def files(self, *uses: SealUse, at: datetime = AT) -> tuple[SealUse, ...]:
        """File uses, each of two bodies."""
        filings = [
            UseFiling(
                use_id=use.use_id, bodies=((f"{number:064x}", 2 * number), (f"{number + 99:064x}", 2 * number + 1))
            )
            for number, use in enumerate(uses, 1)
        ]
        with transaction(self.database) as tx:
            return seal_uses.file_uses(tx, filings, at=at, random=self.random)
