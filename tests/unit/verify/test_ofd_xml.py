"""XML of an OFD: read into a small tree; whatever would lead out of the file, or let it grow, is refused."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.ofd_xml import (
    ATTRIBUTES_MAX,
    DEPTH_MAX,
    ELEMENTS_MAX,
    NAMESPACE,
    PIECE_BYTES,
    XML_BYTES_MAX,
    Budget,
    XmlError,
    read_xml,
)

OLDER = "http://www.ofdspec.org"


def page(inside: str = "", namespace: str = NAMESPACE) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><ofd:Page xmlns:ofd="{namespace}">{inside}</ofd:Page>'.encode()


def test_elements_keep_order_attributes_and_text() -> None:
    root = read_xml(page('<ofd:A x="1">a<ofd:B/>b &amp; c</ofd:A> <ofd:A x="2"/>'), "Page")

    first, second = root.all("A")

    assert (first.get("x"), second.get("x")) == ("1", "2")
    assert first.text == "ab & c"
    assert [each.name for each in first.children] == ["B"]
    assert root.words == ""
    assert repr(first) == "Element(A)"


@pytest.mark.parametrize("namespace", [NAMESPACE, OLDER])
def test_both_namespaces_are_read_and_ours_only_in_the_newer_one(namespace: str) -> None:
    data = page("<ofd:A/>", namespace)

    assert read_xml(data, "Page").one("A").name == "A"
    if namespace != NAMESPACE:
        with pytest.raises(XmlError):
            read_xml(data, "Page", is_own=True)


def test_an_element_of_another_namespace_is_never_taken_for_one_of_ofd() -> None:
    root = read_xml(page('<x:A xmlns:x="urn:x"/>'), "Page")

    assert root.find("A") is None
    assert [each.name for each in root.children] == ["{urn:x}A"]


def test_a_child_that_is_missing_or_stands_there_twice_is_refused_where_one_is_meant() -> None:
    root = read_xml(page("<ofd:A/><ofd:A/>"), "Page")

    assert root.find("B") is None
    for ask in (lambda: root.find("A"), lambda: root.one("B"), lambda: root.get("ID")):
        with pytest.raises(XmlError):
            ask()


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Page>&b;</Page>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Page>",
        b"<Page/><Page/>",
        b"<Pages/>",
        BOMB,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Page/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><Page>&x;</Page>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]><Page/>',
        b"<!DOCTYPE Page><Page/>",
        b"<Page>&x;</Page>",
        b"<?php echo 1 ?><Page/>",
        b"<Page><?xml-stylesheet href='x'?></Page>",
        b'<?xml version="1.1"?><Page/>',
        b'<?xml version="1.0" encoding="GBK"?><Page/>',
        "<Page/>".encode("utf-16"),
        b"<Page>\xff</Page>",
        b"<Page>\x00</Page>",
        b'<Page a="1" a="2"/>',
        b"<x:Page/>",
        b"<Page>" * (DEPTH_MAX + 1) + b"</Page>" * (DEPTH_MAX + 1),
        b"<Page %s/>" % b" ".join(b'a%d=""' % number for number in range(ATTRIBUTES_MAX + 1)),
    ],
)
def test_what_is_no_plain_xml_is_refused(data: bytes) -> None:
    with pytest.raises(XmlError):
        read_xml(data, "Page")


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + page(), page("<!-- hidden -->")])
def test_a_mark_or_a_comment_is_read_but_not_in_ours(data: bytes) -> None:
    assert read_xml(data, "Page").name == "Page"
    with pytest.raises(XmlError):
        read_xml(data, "Page", is_own=True)


def test_a_file_longer_than_any_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(XmlError, match="longer"):
        read_xml(b" " * (XML_BYTES_MAX + 1), "Page")


@pytest.mark.parametrize(
    "length", [0, 1, *range(PIECE_BYTES - 40, PIECE_BYTES + 3), 2 * PIECE_BYTES - 9, 3 * PIECE_BYTES]
)
def test_a_file_is_read_whole_wherever_its_pieces_end(length: int) -> None:
    text = "x" * length

    root = read_xml(page(f"<ofd:A>{text}</ofd:A><ofd:B/>"), "Page")

    assert [each.text for each in root.children] == [text, ""]


def test_a_tag_or_comment_without_an_end_is_refused_before_all_of_it_is_read() -> None:
    for data in (
        b'<Page a="' + b"x" * 3 * PIECE_BYTES + b'"/>',
        b"<Page><!--" + b"x" * 3 * PIECE_BYTES + b"--></Page>",
    ):
        with pytest.raises(XmlError, match="a longer tag"):
            read_xml(data, "Page")


def test_the_files_of_a_package_share_one_budget_of_elements() -> None:
    budget = Budget(elements=3)

    read_xml(page("<ofd:A/>"), "Page", budget=budget)
    with pytest.raises(XmlError):
        read_xml(page("<ofd:A/>"), "Page", budget=budget)

    assert Budget().elements == ELEMENTS_MAX


def test_reading_may_end_at_a_child_of_the_root_and_nothing_behind_it_is_read() -> None:
    data = page("<ofd:Area><ofd:Content/></ofd:Area><ofd:Content><ofd:A/></ofd:Content>") + b"<not xml"

    root = read_xml(data, "Page", until="Content")

    assert [each.name for each in root.children] == ["Area"]
    with pytest.raises(XmlError):
        read_xml(data, "Page")


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_any_text_comes_back_as_it_was_written(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "\ufffe" in text or "\uffff" in text:
        return

    assert read_xml(page(escaped), "Page").text == text


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, page() + data, page(data.decode("latin-1"))):
        with suppress(XmlError):
            assert read_xml(each, "Page").name == "Page"


def test_a_file_that_is_remembered_takes_as_many_elements_from_the_budget() -> None:
    data = b'<Page xmlns="http://www.ofdspec.org/2016"><Area/><!-- remembered --><Content/></Page>'
    for _ in range(3):
        budget = Budget(elements=9)
        first, second = (read_xml(data, "Page", budget=budget) for _ in range(2))
        assert budget.elements == 1
        assert [each.name for each in first.children] == [each.name for each in second.children] == ["Area", "Content"]
        with pytest.raises(XmlError, match="more elements"):
            read_xml(data, "Page", budget=budget)
    with pytest.raises(XmlError, match="comment"):
        read_xml(data, "Page", is_own=True)
    with pytest.raises(XmlError, match="not a file"):
        read_xml(data, "Document")
