"""Files that are handed out to be saved, on pages and by the interface alike."""

from starlette.responses import Response


def download(content: bytes, name: str, media_type: str) -> Response:
    """Return a file to be saved under this name; nobody on the way keeps it."""
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media_type)
