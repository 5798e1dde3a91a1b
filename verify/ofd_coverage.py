"""Which files of a package no signature protects, and where its stamps stand.

Promises:
  * Everything counts that is in the package, whether a document names it or not; only what cannot be protected is left
    out: each signature's own description and value, the list of signatures, our receipt.
  * A page, a document or a template that is not protected is a failure; another file is "partly protected".
"""

from collections.abc import Iterable, Mapping
from typing import Final

from verify.ofd_document import OutlineDocument
from verify.ofd_signatures import Box, Stamp
from verify.report import Check, Finding, Outcome

RECEIPT_FILE: Final = "receipt.tlog-proof"
"""The log proof beside a signature of ours; made after it, so that nothing can cover it."""

# Files named in a finding; the rest is counted.
NAMED_MAX: Final = 5
# A seal whose edge lies a hair outside the page is drawn all the same.
EDGE_MM: Final = 0.5


def uncovered(files: Mapping[str, bytes], protected: Iterable[str], loose: Iterable[str]) -> tuple[str, ...]:
    """Return the files that no reference protects, in the order of their names."""
    return tuple(sorted(files.keys() - set(protected) - set(loose)))


def coverage_finding(names: tuple[str, ...], outline: Iterable[OutlineDocument]) -> Finding | None:
    """Say what it means that these files are not protected; None when there are none."""
    if not names:
        return None
    shown = {"OFD.xml"}
    for document in outline:
        shown |= {document.path, *document.page_places.values()}
    is_shown = any(name in shown or _is_page_like(name) for name in names)
    return Finding(
        check=Check.CONTENTS,
        code="contents.uncovered" if is_shown else "contents.partly_protected",
        outcome=Outcome.FAILED if is_shown else Outcome.UNKNOWN,
        detail=", ".join(names[:NAMED_MAX]),
        source="document",
        params={"count": str(len(names))},
    )


def _is_page_like(name: str) -> bool:
    """Say whether a file has the usual name of what draws on a page: pages, templates and annotations."""
    return name.endswith(("Content.xml", "Document.xml")) or "annot" in name.lower()


def stamps_problem(stamps: Iterable[Stamp], boxes: Mapping[str, Box | None], *, must_be_inside: bool) -> str:
    """Return what is wrong with where a seal is shown, or nothing; `boxes` are those of the pages by their ids."""
    for stamp in stamps:
        if stamp.page not in boxes:
            return "a stamp on a page that is not there"
        box = boxes[stamp.page]
        if box is None:
            return "a page without a size"
        if not _is_placed(_seen_part(stamp), box, must_be_inside=must_be_inside):
            return "a stamp that is not on its page"
    return ""


def _seen_part(stamp: Stamp) -> Box:
    """Return the part of the page that the stamp is drawn on: a clip is measured from the corner of its box."""
    box, clip = stamp.box, stamp.clip
    return box if clip is None else Box(box.x + clip.x, box.y + clip.y, clip.width, clip.height)


def _is_placed(part: Box, page: Box, *, must_be_inside: bool) -> bool:
    right, bottom = page.x + page.width, page.y + page.height
    if must_be_inside:
        inside_across = page.x - EDGE_MM <= part.x and part.x + part.width <= right + EDGE_MM
        return inside_across and page.y - EDGE_MM <= part.y and part.y + part.height <= bottom + EDGE_MM
    return part.x < right and part.x + part.width > page.x and part.y < bottom and part.y + part.height > page.y
