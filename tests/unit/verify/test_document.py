"""A signed document of any form: told apart by how it begins."""

import pytest

from tests.key_room import NOW
from verify.document import read_document


@pytest.mark.parametrize(
    ("document", "form"),
    [(b"PK\x03\x04", "ofd"), (b"PK", "ofd"), (b"%PDF-1.7", "pdf"), (b"", "pdf"), (b"<OFD/>", "pdf")],
)
def test_the_first_bytes_say_which_reader_judges(document: bytes, form: str) -> None:
    found = read_document(document, None, (), at=NOW)

    assert found.form == form
    assert [each.code for each in found.findings] == ["form.unreadable"]


def test_both_forms_of_ours_are_read_by_their_own_reader(sealed: bytes, sealed_ofd: bytes) -> None:
    codes = [read_document(each, None, (), at=NOW).findings[0].code for each in (sealed, sealed_ofd)]

    assert codes == ["form.own_pdf", "form.own_ofd"]
