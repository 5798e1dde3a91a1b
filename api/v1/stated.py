"""Questions for a stated purpose: what comes at the same time is answered together, with one commit for all receipts.

Promises: the answer is what the receipt's hash is of, with the receipt behind it; an error is that of its own question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request

from api.relying import Asked, Question, answer_each, relied
from api.rounds import Rounds
from api.v1.verification_schemas import RelianceIn, relied_bytes
from api.wiring import Office
from registry.records import ApiClient
from signer.receipts import nothing_to_do
from verify.errors import MalformedError, YinzhengError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A question with the purpose that its caller stated."""

    question: Question
    reliance: RelianceIn
    client: ApiClient

    def to_asked(self, office: Office) -> Asked:
        """Return the question with a reliance that may be. Raises what `relied` raises."""
        client, purposed = self.client, self.reliance.to_purposed()
        return self.question, relied(office, purposed, department=client.department, client=client.key_id)


def rounds_of(office: Office) -> Rounds[Stated, bytes]:
    """Return what answers the questions of one application."""
    return Rounds(partial(answer_stated, office))


def answer_stated(
    office: Office, stated: Sequence[Stated], at_disk: Callable[[], None] = nothing_to_do
) -> list[bytes | Exception]:
    """Return for each question its answer as JSON, or its error, in their order; see `ReceiptBook.make`."""
    answers: list[bytes | Exception] = [b""] * len(stated)
    asked: dict[int, Asked] = {}
    for place, each in enumerate(stated):
        try:
            asked[place] = each.to_asked(office)
        except YinzhengError as error:
            answers[place] = error
    for place, found in zip(asked, answer_each(office, tuple(asked.values()), at_disk), strict=True):
        answers[place] = found if isinstance(found, MalformedError) else relied_bytes(found)
    return answers


def answered(office: Office, stated: Stated) -> bytes:
    """Return the answer to one question, or raise its error."""
    (answer,) = answer_stated(office, (stated,))
    if isinstance(answer, Exception):
        raise answer
    return answer


async def _the_rounds(request: Request) -> Rounds[Stated, bytes]:
    rounds: Rounds[Stated, bytes] = request.app.state.rounds
    return rounds


TheRounds = Annotated[Rounds[Stated, bytes], Depends(_the_rounds)]
