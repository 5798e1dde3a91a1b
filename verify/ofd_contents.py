"""Hold what one of our OFDs says of its licence in several places against each other: metadata, index, page, data set.

Promises:
  * The texts in OFD.xml are the attached metadata, name by name; both agree with the data set.
  * Every item of the index is shown, where the index says, with the text that the metadata have (or the day in words).
  * All of it is covered by the seal already: a difference is a fault or a fraud of whoever issued, and is told.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.errors import MalformedError
from verify.licence import DataSet
from verify.national_metadata import is_shown, metadata_differences, read_metadata
from verify.ofd_document import OutlineDocument, content
from verify.ofd_signatures import OfdFormError, resolve
from verify.ofd_usual import UsualPage
from verify.ofd_xml import Element, read_xml

TAG_KIND: Final = "elicence"


Pages = Mapping[str, Element | UsualPage]
"""The pages of a document by their ids, read."""


def contents_problem(
    files: Mapping[str, bytes], document: OutlineDocument, pages: Pages, metadata: bytes, data_set: DataSet
) -> str:
    """Return what is inconsistent, in words for an auditor and without any text of the licence; or nothing."""
    try:
        items = read_metadata(metadata)
        if dict(document.details) != dict(items):
            return "the texts in OFD.xml are not the metadata"
        different = metadata_differences(items, data_set)
        if different:
            return f"metadata and data set differ: {', '.join(different)}"
        _check_attachments(files, document)
        shown = shown_items(files, document, pages)
    except MalformedError as error:
        return error.detail
    wrong = [name for name, text in shown.items() if not is_shown(name, text, items)]
    return f"the page shows something else: {', '.join(wrong)}" if wrong else ""


def _check_attachments(files: Mapping[str, bytes], document: OutlineDocument) -> None:
    """Demand that the list of attachments names our three files, by their own names."""
    path = resolve(document.root.one("Attachments").words, document.path)
    listed = read_xml(content(files, path), "Attachments", is_own=True)
    found = {each.get("Name"): resolve(each.one("FileLoc").words, path) for each in listed.children}
    folder = path.rpartition("/")[0]
    if found != {name: f"{folder}/{name}" for name in (CODE_FILE, DATA_SET_FILE, METADATA_FILE)}:
        raise OfdFormError("the list of attachments is not that of our documents")


def shown_items(files: Mapping[str, bytes], document: OutlineDocument, pages: Pages) -> Mapping[str, str]:
    """Return, for each item of the index, the texts that the pages show of it, joined. Raises `MalformedError`."""
    path = resolve(document.root.one("CustomTags").words, document.path)
    tags = list(read_xml(content(files, path), "CustomTags", is_own=True).all("CustomTag"))
    if [each.get("TypeID") for each in tags] != [TAG_KIND]:
        raise OfdFormError("not the index of our documents")
    index = read_xml(content(files, resolve(tags[0].one("FileLoc").words, path)), "Elicence", is_own=True)
    texts = {identifier: page_texts(page) for identifier, page in pages.items()}
    return {each.name: "".join(_shown(reference, texts) for reference in each.children) for each in index.children}


def _shown(reference: Element, texts: Mapping[str, Mapping[str, str]]) -> str:
    text = texts.get(reference.get("PageRef"), {}).get(reference.words)
    if text is None:
        raise OfdFormError("the index names a text that is not there")
    return text


def page_texts(page: Element | UsualPage) -> Mapping[str, str]:
    """Return the texts of a page by the id of their object. Raises `OfdFormError` for an id that stands there twice."""
    texts: dict[str, str] = {}
    for identifier, text in page.texts if isinstance(page, UsualPage) else _text_objects(page):
        if identifier in texts:
            raise OfdFormError("two texts of a page have one id")
        texts[identifier] = text
    return texts


def _text_objects(page: Element) -> Iterator[tuple[str, str]]:
    for layer in page.one("Content").all("Layer"):
        for each in layer.all("TextObject"):
            yield each.get("ID"), "".join([code.text for code in each.all("TextCode")])
