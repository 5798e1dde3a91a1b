"""How a signed public file is answered: as bytes, with a tag of its content, for everybody and every page.

Promises: the bytes are those of the registry's newest artefact; caches may keep them for as long as the kind allows.
"""

from hashlib import sha256
from typing import Final

from fastapi import Response

from api.errors import UnknownArtefactError
from api.etags import is_known
from api.wiring import Office
from registry import artefacts
from registry.db import reading

BINARY: Final = "application/octet-stream"


def described(media_type: str) -> dict[int | str, dict[str, object]]:
    """Return how the interface describes an answer of bytes."""
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


def newest(office: Office, kind: str, name: str) -> bytes:
    """Return the newest artefact. Raises `UnknownArtefactError`."""
    with reading(office.database) as tx:
        content = artefacts.latest(tx, kind, name)
    if content is None:
        raise UnknownArtefactError
    return content


def public_file(
    content: bytes, *, media_type: str, max_age: int, if_none_match: str | None, immutable: bool = False
) -> Response:
    """Return the file, or 304 to who has it; other offices' pages may read it too."""
    cache = f"public, max-age={max_age}" + (", immutable" if immutable else ", stale-if-error=86400")
    headers = {
        "ETag": f'"{sha256(content).hexdigest()[:32]}"',
        "Cache-Control": cache,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
