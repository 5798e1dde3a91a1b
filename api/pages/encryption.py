"""The page that says what is off without encryption, and how an office switches it on. Public."""

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.pages.rendering import render


def add_encryption(app: FastAPI) -> None:
    """Add the page to an application."""
    app.add_api_route("/encryption", _encryption, methods=["GET"], include_in_schema=False)


async def _encryption(request: Request) -> Response:
    return render(request, "encryption.html", {}, switch="/encryption")
