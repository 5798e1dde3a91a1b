"""The two applications of the figure `public_check`, started by uvicorn as factories."""

import os
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app
from api.settings import read_settings
from api.wiring import build_public
from tests.town import HOST


def public() -> FastAPI:
    """Return our application as the public sees it, over the figure's town; no limit of requests, all else as served."""
    folder = Path(os.environ["YINZHENG_BENCH_TOWN"])  # how a factory of uvicorn is told what to serve
    settings = read_settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'registry.sqlite'}",
        public_address=f"https://{HOST}",
        rate_anonymous=0,
    )
    return create_app(build_public(settings), public=True)


def nothing() -> FastAPI:
    """Return an application with one route that does nothing."""
    app = FastAPI()

    @app.get("/nothing")
    async def answer() -> dict[str, str]:  # without a hop to a thread: the quickest that the framework offers
        return {}

    return app
