"""The receipts of one's own department, on pages: what was relied on, what was recalled since, and each to be kept.

Promises:
  * A list shows what stands in receipts, and no contents of a licence.
  * Each receipt is handed out signed, with its proof under today's checkpoint: on paper, and as a file that
    `yinzheng verify receipt` checks without us.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.downloads import download
from api.pages.doors import TheVisit, staff_page, staff_router
from api.pages.rendering import page_language
from api.receipt_page import kept_receipt, receipt_page
from api.v1.verification_schemas import ReceiptOut
from registry import recalls, receipts
from registry.db import reading

receipt_pages: Final = staff_router()
SHOWN_MAX: Final = 50
_LEAF_DIGITS_MAX: Final = 18


@receipt_pages.get("/office/receipts")
def show_receipts(request: Request, visit: TheVisit) -> Response:
    """List the department's receipts, newest first, and the newest recalls."""
    department, before = visit.operator.department, _before(request)
    with reading(visit.office.database) as tx:
        shown = receipts.list_receipts(tx, department, cursor=before, limit=SHOWN_MAX)
        recalled = recalls.newest_recalls(tx, department, limit=SHOWN_MAX)
    older = shown[-1].leaf if len(shown) == SHOWN_MAX else None
    values = {"receipts": shown, "recalls": () if before is not None else recalled, "older": older}
    return staff_page(request, visit, "receipts.html", values)


@receipt_pages.get("/office/receipts/{receipt_id}/page")
def save_receipt_page(request: Request, visit: TheVisit, receipt_id: str) -> Response:
    """Hand out the receipt as PDF/A for the case file."""
    content = receipt_page(visit.office, kept_receipt(visit.office, receipt_id), page_language(request))
    return download(content, f"{receipt_id}.pdf", "application/pdf")


@receipt_pages.get("/office/receipts/{receipt_id}/signed")
def save_receipt(visit: TheVisit, receipt_id: str) -> Response:
    """Hand out the signed receipt with its proof, as programs keep it."""
    kept = kept_receipt(visit.office, receipt_id)
    content = ReceiptOut.of(kept.record, kept.proof).model_dump_json().encode()
    return download(content, f"{receipt_id}.json", "application/json")


def _before(request: Request) -> int | None:
    given = request.query_params.get("before", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) <= _LEAF_DIGITS_MAX else None
