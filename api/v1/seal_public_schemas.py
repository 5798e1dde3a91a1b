"""What everybody may ask about seals: their standing at a moment, and the records behind the log's entries.

Promises: nothing here names a person; what is signed or hashed goes out as it stands, in base64.
"""

import base64
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field

from api.seal_standing import SealAnswer
from api.v1.seal_grant_schemas import GrantTermsOut
from api.v1.seal_schemas import Out
from registry.seal_proofs import UseProof
from registry.seal_records import SealEventRecord

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

Moment = Annotated[AwareDatetime, Field(ge=_EPOCH)]


class GrantInForce(Out):
    """A grant that was in force at the moment; `record` is the SHA-256 of the act that gave it, which the log has."""

    grant_id: str
    record: str
    terms: GrantTermsOut


class SealStatusOut(Out):
    """How a seal stood at a moment: in force or not, in whose hands, in which version, for what.

    `signed` is the seal's signed history (COSE_Sign1 in base64), from which all but names and terms follows; `as_of` is
    when it was made. `is_final` says that `at` is not later than that, so the answer is the same for ever.
    """

    seal_code: str
    name: str
    name_en: str
    kind: int
    owner: str
    owner_name: str
    at: datetime
    as_of: datetime
    is_final: bool
    standing: Literal[
        "not_filed", "in_use", "not_yet_valid", "expired", "suspended", "called_in", "destroyed", "refused"
    ]
    since: datetime
    version: int | None
    object_digest: str | None
    grants: tuple[GrantInForce, ...]
    signed: str

    @classmethod
    def of(cls, answer: SealAnswer) -> Self:
        """Copy from the answer."""
        seal, standing = answer.seal, answer.standing
        span = standing.span
        records = {each.grant_id: each.record for each in standing.grants}
        values = {
            "seal_code": seal.code,
            "name": seal.name,
            "name_en": seal.name_en,
            "kind": seal.kind,
            "owner": answer.history.owner,
            "owner_name": answer.owner_name,
            "at": standing.at,
            "as_of": answer.history.issued_at,
            "is_final": standing.is_final,
            "standing": span.standing,
            "since": span.begins,
            "version": span.version,
            "object_digest": None if span.object_digest is None else span.object_digest.hex(),
            "grants": tuple(
                GrantInForce(
                    grant_id=each.grant_id, record=records[each.grant_id].hex(), terms=GrantTermsOut.of(each.terms)
                )
                for each in answer.grants
            ),
            "signed": _base64(answer.signed),
        }
        return cls.model_validate(values)


class SealRecordOut(Out):
    """The salted record of an act (CBOR in base64) as the log's entry names it: `digest` is its SHA-256."""

    act: str
    grant_id: str | None
    digest: str
    record: str
    log_leaf: int | None

    @classmethod
    def of(cls, event: SealEventRecord) -> Self:
        """Copy from the record."""
        return cls(
            act=event.act,
            grant_id=event.grant_id,
            digest=event.digest.hex(),
            record=_base64(event.record),
            log_leaf=event.leaf_index,
        )


class SealRecordPage(Out):
    """A page of the records of a seal, oldest first."""

    items: tuple[SealRecordOut, ...]
    next: str | None


class UseRecordOut(Out):
    """The salted record of a use, and the list that holds its SHA-256; the log's entry holds the list's."""

    use_id: str
    seal_code: str
    record: str
    use_list: str
    log_leaf: int | None

    @classmethod
    def of(cls, proof: UseProof) -> Self:
        """Copy from the proof."""
        return cls(
            use_id=proof.use_id,
            seal_code=proof.code,
            record=_base64(proof.record),
            use_list=_base64(proof.listed),
            log_leaf=proof.leaf_index,
        )


class UseRecordList(Out):
    """The records of the uses in which one file was sealed."""

    items: tuple[UseRecordOut, ...]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
