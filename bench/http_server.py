"""The applications of the figures over HTTP, started by uvicorn as factories."""

import os
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app
from api.serving import settle
from api.settings import Settings, read_settings
from api.wiring import build, build_public
from tests.town import HOST


def public() -> FastAPI:
    """Return our application as the public sees it, over the figure's town; no limit of requests, all else as served."""
    return create_app(build_public(_settings()), public=True)


def office() -> FastAPI:
    """Return our application as an office serves it, with its keys; no limit of requests, all else as served."""
    office = build(_settings())
    _ = office.receipts  # custody is opened before the first request is timed
    app = create_app(office)
    settle()
    return app


def nothing() -> FastAPI:
    """Return an application whose routes do nothing."""
    app = FastAPI()

    @app.get("/nothing")
    @app.post("/api/v1/verifications")
    async def answer() -> dict[str, str]:  # without a hop to a thread: the quickest that the framework offers
        return {}

    return app


def _settings() -> Settings:
    folder = Path(os.environ["YINZHENG_BENCH_TOWN"])  # how a factory of uvicorn is told what to serve
    return read_settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'registry.sqlite'}",
        public_address=f"https://{HOST}",
        rate_anonymous=0,
        rate_client=0,
        test=True,
    )
