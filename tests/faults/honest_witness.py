"""A witness of ours as a process of its own, on the store in a folder: python -m tests.faults.honest_witness FOLDER PORT."""

import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import uvicorn

from api.logs import open_log
from api.witness.app import witness_app
from api.witness.service import WitnessService
from api.witness.store import WitnessStore


def now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def main() -> None:
    """Serve until killed."""
    folder, port = sys.argv[1:]
    app = witness_app(WitnessService(store=WitnessStore.open(Path(folder)), clock=now), open_log(now, out=StringIO()))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_config=None, access_log=False, lifespan="off")


if __name__ == "__main__":
    main()
