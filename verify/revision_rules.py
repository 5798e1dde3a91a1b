"""How two revisions of a PDF are compared: pyHanko's comparison, with rules as narrow as our promise.

Promises:
  * Allowed are document time stamps in fields that nobody sees, revocation data, and the dates that an updating
    program sets; nothing else, and title, author and all other metadata must stay.
  * Objects that nothing refers to are a change, for a reader that repairs files may find them.

Imports pyHanko when it is imported: only `revisions` does that, and late.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.metadata import model
from pyhanko.pdf_utils.metadata.xmp_xml import parse_xmp
from pyhanko.pdf_utils.reader import HistoricalResolver, RawPdfPath
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    WhitelistRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules_api import Context, ReferenceUpdate

# What may differ in the catalog: fields for time stamps, revocation data, and which extensions these need. That the
# metadata are the same but for dates is seen by a rule of its own.
_CATALOG_KEYS: Final = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Version", "/Metadata"})
_INFO_KEYS: Final = frozenset({"/ModDate", "/Producer"})
# Every description names what it is about: this document.
_ABOUT: Final = model.ExpandedName(ns=model.RDF_RDF.ns, local_name="about")
_XMP_KEYS: Final = frozenset(
    {
        model.XMP_MODDATE,
        model.PDF_PRODUCER,
        model.ExpandedName(ns=model.XMP_MODDATE.ns, local_name="MetadataDate"),
    }
)


class DatesOfInfoRule(WhitelistRule):
    """The document information may change in its date and in the programs that wrote it."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        """Return the update of the information dictionary, when it is one of these."""
        before = old.trailer_view.get_value_as_reference("/Info")
        after = new.trailer_view.get_value_as_reference("/Info")
        if before != after:
            raise SuspiciousModification("the document information is another object")
        if _without_dates(old(before)) != _without_dates(new(after)):
            raise SuspiciousModification("the document information was changed")
        yield ReferenceUpdate(after, context_checked=Context.from_absolute(old, RawPdfPath("/Info")))


class DatesOfMetadataRule(WhitelistRule):
    """The XMP metadata may change in their dates and in the program that wrote them."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        """Return the update of the metadata stream, when it is one of these."""
        before = old.root.get_value_as_reference("/Metadata")
        after = new.root.get_value_as_reference("/Metadata")
        if before != after:
            raise SuspiciousModification("the metadata are another object")
        if _properties(old(before)) != _properties(new(after)):
            raise SuspiciousModification("the metadata were changed")
        yield ReferenceUpdate(after, context_checked=Context.from_absolute(old, RawPdfPath("/Root", "/Metadata")))


class NothingSuppliedRule(WhitelistRule):
    """What the signed file names and does not hold stays nothing: pyHanko takes such an object for a new one.

    Else an applicant's page could name contents that are not there, and have them after an office sealed it.
    """

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        """Refuse a revision that supplies an object which the old one names; explain nothing."""
        tables = old.reader.xrefs
        named: set[generic.Reference] = set()
        for number in range(old.revision + 1):
            for each in tables.explicit_refs_in_revision(number):
                if tables.get_historical_ref(each, old.revision) is not None:
                    named |= set(_named_in(old(each)))
        supplied = {
            each
            for each in tables.explicit_refs_in_revision(new.revision)
            if each in named and tables.get_historical_ref(each, old.revision) is None
        }
        if supplied:
            raise SuspiciousModification("an object that the signed file names came later")
        return ()


def _named_in(value: object) -> Iterable[generic.Reference]:
    """Yield what an object refers to itself; files nest no deeper than pyHanko reads."""
    if isinstance(value, generic.IndirectObject):
        yield value.reference
    elif isinstance(value, generic.DictionaryObject):
        for name in value:
            yield from _named_in(value.raw_get(name))
    elif isinstance(value, generic.ArrayObject):
        for place in range(len(value)):
            yield from _named_in(value.raw_get(place))


def policy() -> StandardDiffPolicy:
    """Return the comparison that every later revision of our documents must stand."""
    level = ModificationLevel.LTA_UPDATES
    rules = (DatesOfInfoRule(), DatesOfMetadataRule(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule())
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(_CATALOG_KEYS),  # type: ignore[no-untyped-call]
            *(each.as_qualified(level) for each in rules),
        ],
        form_rule=FormUpdatingRule(
            field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]  # type: ignore[no-untyped-call]
        ),
        ignore_orphaned_objects=False,
    )


def signatures_only() -> StandardDiffPolicy:
    """Return the comparison for files of others that we sealed: signatures and what belongs to them may follow.

    pyHanko's own, but without its rule for other fields: a form that is filled in afterwards says something new.
    """
    level = ModificationLevel.LTA_UPDATES
    metadata = MetadataUpdateRule()  # type: ignore[no-untyped-call]
    rules = (NothingSuppliedRule(), DocInfoRule(), DSSCompareRule(), metadata, XrefStreamRule(), ObjectStreamRule())
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(),  # type: ignore[no-untyped-call]
            *(each.as_qualified(level) for each in rules),
        ],
        form_rule=FormUpdatingRule(
            field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]  # type: ignore[no-untyped-call]
        ),
    )


def _without_dates(info: object) -> dict[str, bytes]:
    """Return the entries of an information dictionary that must stay; all of them are texts."""
    if not isinstance(info, generic.DictionaryObject):
        raise SuspiciousModification("the document information is no dictionary")
    return {str(name): _text(value) for name, value in info.items() if name not in _INFO_KEYS}


def _text(value: object) -> bytes:
    if not isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        raise SuspiciousModification("an entry of the document information is no text")
    written: bytes = value.original_bytes
    return written


def _properties(stream: object) -> dict[model.ExpandedName, model.XmpValue]:
    """Return the properties of an XMP packet that must stay; none may stand there twice."""
    if not isinstance(stream, generic.StreamObject):
        raise SuspiciousModification("the metadata are no stream")
    described = parse_xmp(BytesIO(stream.read_data(DecodePurpose.XMP_METADATA)))
    properties = [(name, value) for each in described for name, value in each if name != _ABOUT]
    found = dict(properties)
    if len(found) != len(properties):
        raise SuspiciousModification("a property of the metadata stands there twice")
    return {name: value for name, value in found.items() if name not in _XMP_KEYS}
