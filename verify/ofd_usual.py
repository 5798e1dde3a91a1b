"""Read the two longest XML files of an OFD of ours by the spelling that our writer gives them, in a third of the time.

Promises:
  * What is read here says exactly what `ofd_xml` would read from the same bytes; a test holds both against each other.
  * None for everything else, also for what is right and spelled otherwise: `ofd_xml` then judges it.
  * Nothing is looked at twice: each pattern is left for good once it went on, so no text takes long.

No attribute can stand there twice and no entity occurs, for the patterns name all attributes and allow no `&`.
"""

import re
from typing import Final, NamedTuple

from verify.ofd_signatures import OWN_METHOD, Description, read_references, read_stamp, resolve
from verify.ofd_xml import NAMESPACE, PIECE_BYTES

# Longer ones are given to expat piece by piece, which looks at the length of tags.
_BYTES_MAX: Final = PIECE_BYTES

_HEAD: Final = r'<\?xml version="1\.0" encoding="UTF-8"\?>\n<ofd:{} xmlns:ofd="' + re.escape(NAMESPACE) + '">'
# Numbers, letters of paths and names, base64: nothing that markup could begin or end with.
_VALUE: Final = r"[0-9A-Za-z .+/=:-]*+"
# Any text up to the next tag; `_decoded` has seen that nothing in it is for expat alone to judge.
_TEXT: Final = "[^<]*+"
# What stands for another character, ends what never began, is read as another one, or is none; U+FFFE and U+FFFF last.
# One sign each is found by the processor's own search; a longer text takes as long as everything else here together.
_DOUBTFUL_BYTES: Final = (b"&", b"]")
_DOUBTFUL_CHARACTERS: Final = ("\ufffe", "\uffff")
_CONTROLS: Final = bytes(each for each in range(0x20) if each not in b"\t\n")


def _attributes(*names: str) -> str:
    """Return the pattern of these attributes in this order; a name that ends with `?` may be missing."""
    return "".join(f'(?> {name.removesuffix("?")}="{_VALUE}")' + ("?+" if name.endswith("?") else "") for name in names)


def _empty(name: str, *attributes: str) -> str:
    return f"<ofd:{name}{_attributes(*attributes)}/>"


def _filled(name: str, inside: str, *attributes: str) -> str:
    return f"<ofd:{name}{_attributes(*attributes)}>{inside}</ofd:{name}>"


_GLYPHS: Final = _filled("CGTransform", _filled("Glyphs", _VALUE), "CodePosition", "CodeCount", "GlyphCount")
_CODE: Final = _filled("TextCode", f"({_TEXT})", "X", "Y", "DeltaX?")
_TEXT_OBJECT: Final = (
    f'<ofd:TextObject ID="({_VALUE})"{_attributes("Boundary", "CTM?", "Font", "Size")}>'
    f"{_empty('FillColor', 'Value')}(?>{_GLYPHS})?+{_CODE}</ofd:TextObject>"
)
_PATH_OBJECT: Final = _filled(
    "PathObject",
    f"(?>{_empty('FillColor', 'Value')})?+(?>{_empty('StrokeColor', 'Value')})?+{_filled('AbbreviatedData', _TEXT)}",
    *("ID", "Boundary", "CTM?", "LineWidth?", "Stroke?", "Fill?"),
)
_IMAGE_OBJECT: Final = _empty("ImageObject", "ID", "Boundary", "CTM", "ResourceID")
# A page: what stands before its objects, each object (with id and text, if it is a text), and what stands behind them.
_PAGE_START: Final = re.compile(
    _HEAD.format("Page")
    + _filled("Area", _filled("PhysicalBox", f"({_VALUE})"))
    + f"(?>{_empty('Template', 'TemplateID', 'ZOrder')})?+"
    + f"<ofd:Content><ofd:Layer{_attributes('ID', 'Type')}>"
)
_OBJECT: Final = re.compile(f"(?>{_TEXT_OBJECT}|{_PATH_OBJECT}|{_IMAGE_OBJECT})")
_PAGE_END: Final = "</ofd:Layer></ofd:Content></ofd:Page>"

_PLACE: Final = r"(?>/[A-Za-z0-9_-][A-Za-z0-9_.-]*+)++"
_DIGEST: Final = r"[A-Za-z0-9+/=]*+"
_REFERENCE: Final = '<ofd:Reference FileRef="{}"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference>'
_DESCRIPTION: Final = re.compile(
    _HEAD.format("Signature")
    + "<ofd:SignedInfo>"
    + _empty("Provider", "ProviderName", "Version", "Company")
    + r"<ofd:SignatureMethod>([0-9.]*+)</ofd:SignatureMethod><ofd:SignatureDateTime>([0-9Z]*+)</ofd:SignatureDateTime>"
    + f'<ofd:References CheckMethod="{re.escape(OWN_METHOD)}">'
    + f"((?>{_REFERENCE.format(_PLACE, _DIGEST)})++)</ofd:References>"
    + f'<ofd:StampAnnot ID="({_VALUE})" PageRef="({_VALUE})" Boundary="({_VALUE})"/>'
    + rf"<ofd:Seal><ofd:BaseLoc>({_PLACE})</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
    + rf"<ofd:SignedValue>({_PLACE})</ofd:SignedValue></ofd:Signature>"
)
_LISTED: Final = re.compile(_REFERENCE.format(f"({_PLACE})", f"({_DIGEST})"))


class UsualPage(NamedTuple):
    """A page as our writer spells it: its box in words, and id and text of each text object in their order."""

    box: str
    texts: tuple[tuple[str, str], ...]


def read_usual_page(data: bytes) -> UsualPage | None:
    """Return what a page says, or None."""
    text = _decoded(data)
    found = None if text is None else _PAGE_START.match(text)
    if text is None or found is None:
        return None
    box, at, texts = found[1], found.end(), []
    while (found := _OBJECT.match(text, at)) is not None:
        at = found.end()
        if found[1] is not None:
            texts.append((found[1], found[2]))
    return UsualPage(box, tuple(texts)) if text[at:] == _PAGE_END else None


def read_usual_description(data: bytes, path: str) -> Description | None:
    """Return what a Signature.xml says, or None. Raises `OfdFormError` for what `read_description` refuses too."""
    text = _decoded(data)
    found = None if text is None else _DESCRIPTION.fullmatch(text)
    if found is None:
        return None
    method, signed_at, listed, identifier, page, box, seal, value = found.groups()
    return Description(
        path=path,
        method=method,
        check_method=OWN_METHOD,
        signed_at=signed_at,
        references=read_references(_LISTED.findall(listed), path),
        stamps=(read_stamp(identifier, page, box),),
        seal_path=resolve(seal, path),
        value_path=resolve(value, path),
    )


def _decoded(data: bytes) -> str | None:
    """Return the text of a file in which nothing is doubtful, or None."""
    if len(data) > _BYTES_MAX or any(each in data for each in _DOUBTFUL_BYTES):
        return None
    if len(data.translate(None, _CONTROLS)) != len(data):
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if any(each in text for each in _DOUBTFUL_CHARACTERS) else text
