import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed

PARTS = st.lists(
    st.tuples(st.from_regex(r"[A-Za-z_0-9/.]{1,40}", fullmatch=True), st.binary(max_size=3000), st.booleans()),
    unique_by=lambda each: each[0],
    max_size=12,
)


@given(PARTS)
def test_an_independent_reader_finds_every_part_in_its_order_and_nothing_else(
    parts: list[tuple[str, bytes, bool]],
) -> None:
    content = write_zip([OfdPart(name, Packed(body), stored) for name, body, stored in parts])

    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert [(each.filename, opened.read(each), each.compress_type == 0) for each in opened.infolist()] == parts
        for each in opened.infolist():
            assert (each.date_time, each.flag_bits, each.extra, each.comment) == ((1980, 1, 1, 0, 0, 0), 0, b"", b"")
            assert each.external_attr == each.internal_attr == 0


@given(PARTS)
def test_entries_touch_each_other_from_the_first_byte_to_the_directory(parts: list[tuple[str, bytes, bool]]) -> None:
    content = write_zip([OfdPart(name, Packed(body), stored) for name, body, stored in parts])

    at = 0
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for each in opened.infolist():
            assert each.header_offset == at
            at += 30 + len(each.filename) + each.compress_size
        assert opened.start_dir == at
