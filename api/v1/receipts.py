"""What relying offices ask: many checks at once, their receipts, and what was recalled since."""

from contextlib import nullcontext
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.cursors import read_number, write_cursor
from api.downloads import download
from api.environment import Language
from api.errors import TooManyRequestsError
from api.guard import TheCaller, TheOffice, charge_length
from api.problems import request_language
from api.receipt_page import kept_receipt, receipt_page
from api.relying import Found, answer_all, relied
from api.texts import sentence
from api.turns import NoTurnError, Turns
from api.v1.answers import PAGE_MAX, PREFIX, both, link_next, personal, router
from api.v1.verification import json_answer
from api.v1.verification_schemas import (
    BatchIn,
    BatchOut,
    RecallOut,
    RecallPage,
    ReceiptLine,
    ReceiptPage,
    ReceiptWhole,
    relied_object,
)
from registry import recalls as recall_records
from registry import receipts as records
from registry.db import reading
from verify.errors import MalformedError

receipts: Final = router("verification")
_PATH: Final = f"{PREFIX}/verifications"
_BATCH: Final[dict[int | str, dict[str, Any]]] = {200: {"model": BatchOut}}
_PDF: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


# A batch of a thousand takes some seconds of the one core that a process has; who waits for it waits in a thread.
BATCH_TURN_SECONDS: Final = 60.0
BATCHES_OF_ONE_MAX: Final = 2
# With those who wait for a reader of files, fewer than the forty threads that a server has.
BATCHES_WAITING_MAX: Final = 4
# When to come again for whom there was no room.
BUSY_SECONDS: Final = 5


def batch_turns() -> Turns:
    """Return the turns of one process: a batch at a time, so that who asks about one licence is answered beside it."""
    return Turns(count=1, share=1, line_waiting_max=BATCHES_OF_ONE_MAX, waiting_max=BATCHES_WAITING_MAX)


class ReceiptQuery(BaseModel):
    """Which receipts to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_number: Annotated[str | None, Field(max_length=200)] = None
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class RecallQuery(BaseModel):
    """From where on to list recalls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


@receipts.post("/verifications/batch", summary=both("批量核验", "Check many licences"), responses=_BATCH)
def verify_batch(body: BatchIn, request: Request, office: TheOffice, caller: TheCaller) -> Response:
    """Check up to a thousand licences for one purpose; each gets its own receipt, and counts as one request.

    A batch is worked for at a time; of one system two more may wait, and the next is told when to come again (429).
    """
    client = caller.client
    reliance = relied(office, body.reliance.to_purposed(), department=client.department, client=client.key_id)
    turns: Turns = request.app.state.batch_turns
    # Whoever waits for an outside authority's stamps needs no core, and nobody else should wait for them.
    turn = nullcontext() if reliance.stamped else turns.turn(client.key_id, seconds=BATCH_TURN_SECONDS)
    try:
        with turn:
            charge_length(request, len(body.items))
            asked = [each.to_question(case_number=each.case_number) for each in body.items]
            found = answer_all(office, asked, reliance)
    except NoTurnError as error:
        raise TooManyRequestsError(params={"seconds": str(BUSY_SECONDS)}) from error
    language = request_language(request)
    items = [_item(each.ref, answer, language) for each, answer in zip(body.items, found, strict=True)]
    return json_answer({"items": items})


@receipts.get("/verifications", summary=both("列出本部门的核验回执", "List the department's receipts"))
def list_receipts(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[ReceiptQuery, Query()]
) -> ReceiptPage:
    """Newest first; the Link header leads to the next page."""
    with reading(office.database) as tx:
        found = records.list_receipts(
            tx,
            caller.client.department,
            case_number=asked.case_number,
            cursor=read_number("receipts", asked.cursor),
            limit=asked.limit,
        )
    following = write_cursor("receipts", str(found[-1].leaf)) if len(found) == asked.limit else None
    personal(response)
    link_next(response, _PATH, following, asked.model_dump(exclude={"cursor"}))
    return ReceiptPage(items=tuple(ReceiptLine.of(each) for each in found), next=following)


@receipts.get("/verifications/{receipt_id}", summary=both("读取一份核验回执", "Read a receipt"))
def get_receipt(receipt_id: str, office: TheOffice, response: Response) -> ReceiptWhole:
    """Read a receipt with the proof of today's log, and what happened to its licence since."""
    kept = kept_receipt(office, receipt_id)
    with reading(office.database) as tx:
        recalled = recall_records.recalls_of(tx, receipt_id)
    personal(response)
    return ReceiptWhole.whole(kept.record, kept.proof, recalled)


@receipts.get(
    "/verifications/{receipt_id}/page",
    summary=both("打印核验回执", "Print a receipt"),
    response_class=Response,
    responses=_PDF,
)
def get_receipt_page(
    receipt_id: str,
    office: TheOffice,
    language: Annotated[Language, Query(description="页面语言。 Language of the page.")] = "zh",
) -> Response:
    """Return the receipt as PDF/A for the case file, with the signed receipt and its proof inside."""
    content = receipt_page(office, kept_receipt(office, receipt_id), language)
    return download(content, f"{receipt_id}.pdf", "application/pdf")


@receipts.get("/recalls", summary=both("列出召回", "List what was recalled"))
def list_recalls(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[RecallQuery, Query()]
) -> RecallPage:
    """Receipts of the department whose licence changed since, oldest first; poll with the last `next`."""
    after = read_number("recalls", asked.cursor)
    with reading(office.database) as tx:
        found = recall_records.list_recalls(tx, caller.client.department, after=after, limit=asked.limit)
    personal(response)
    following = write_cursor("recalls", str(found[-1].number)) if found else asked.cursor
    return RecallPage(items=tuple(RecallOut.of(each) for each in found), next=following)


def _item(ref: str, answer: Found | MalformedError, language: Language) -> dict[str, Any]:
    if isinstance(answer, Found):
        return {"ref": ref, "result": relied_object(answer), "error": None}
    detail = sentence(answer.code, language, answer.params)
    return {"ref": ref, "result": None, "error": {"code": answer.code, "detail": detail}}
