"""Figures of checks over HTTP, on a real uvicorn on loopback: the public's by id, and an office's with a receipt."""

import json
import secrets
import statistics
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from api.identity import credential
from bench.cores import let_client_use_other_cores
from bench.figure import Figure
from bench.loopback import ask_once, get, post, rate, server
from bench.town_of_bench import CHUNK, found_town, issue_chunks
from registry.db import transaction
from registry.people import add_client
from registry.records import SANDBOX, ApiClient, Role
from tests.hall import prepare_folder
from tests.town import BUREAU, Town
from verify.receipt import check_verification_receipt

CONNECTIONS = 16
MANY_CONNECTIONS = 64
SECONDS = 3.0
ROUNDS = 3
# A process works for one batch at a time; the next one waits at its door.
BATCHES_AT_ONCE = 2
VERIFICATIONS = "/api/v1/verifications"
# What is stated beside each code.
RELIANCE = {
    "purpose": "supervision",
    "legal_basis": "示例市政务服务条例第十二条",
    "case_number": "示例-2026-000123",
    "operator": "5f" * 16,
}


def public_check(folder: Path) -> Iterator[Figure]:
    """Public checks of fifty licences by id over kept-alive HTTP connections, each answer read from the registry, against
    a FastAPI route that returns an empty object; both on a uvicorn of their own with one worker on the same core, asked
    in turn by sixteen connections from another core. The value is our rate over theirs; median of three rounds.
    """
    town = found_town(folder)
    ids = [each.record.licence_id for each in issue_chunks(town, town.drafts(CHUNK))]
    requests = [get(f"/api/v1/checks/{each}") for each in ids]
    with server("nothing", folder) as theirs, server("public", folder) as own:
        if not json.loads(ask_once(own, requests[0]))["in_force"]:
            raise RuntimeError("the public check does not say that the licence is in force")
        yield _ratio("public_check", _Side(own, requests), _Side(theirs, [get("/nothing")]), goal=0.5)


def receipt_check(folder: Path) -> Iterator[Figure]:
    """Checks of fifty codes by an office's system with a stated purpose: client key, signature, registry, fields of the
    purpose, a signed receipt, logged and kept before the answer goes out (SQLite, WAL, synchronous=FULL); against a
    FastAPI route that is sent the very same requests and returns an empty object. Both over sixteen connections
    (receipt_check_16) and over 64, as many as the log's figure has callers (receipt_check_64): who asks at the same time
    shares a commit. Servers and rounds as in public_check; both rates are of one core. receipt_check_in_batches: the
    same fifty checks as one request, each with a receipt of its own, over two connections; what is counted is checks,
    against the requests of the route.
    """
    town = found_town(folder)
    texts = [each.record.token_text for each in issue_chunks(town, town.drafts(CHUNK))]
    single, many = client_keys(town, 2)
    requests, batch = receipt_requests(single, texts), _batch_request(many, texts)
    with server("nothing", folder) as theirs, server("office", folder) as own:
        demand_receipt(town, ask_once(own, requests[0]))
        for item in json.loads(ask_once(own, batch))["items"]:
            demand_receipt(town, json.dumps(item["result"]).encode())
        for connections in (CONNECTIONS, MANY_CONNECTIONS):
            both = (_Side(each, requests, connections=connections) for each in (own, theirs))
            yield _ratio(f"receipt_check_{connections}", *both, goal=0.3)
        checked = _Side(own, (batch,), each=len(texts), connections=BATCHES_AT_ONCE)
        yield _ratio("receipt_check_in_batches", checked, _Side(theirs, requests), goal=0.3)


def receipt_requests(key: str, texts: Sequence[str]) -> list[bytes]:
    """Return a request for each code, with a stated purpose."""
    bodies = [json.dumps({"text": each, "reliance": RELIANCE}, ensure_ascii=False).encode() for each in texts]
    return [post(VERIFICATIONS, each, authorization=key) for each in bodies]


def _batch_request(key: str, texts: Sequence[str]) -> bytes:
    """Return one request for all these codes."""
    items = [{"ref": str(number), "text": each} for number, each in enumerate(texts)]
    body = json.dumps({"items": items, "reliance": RELIANCE}, ensure_ascii=False).encode()
    return post(f"{VERIFICATIONS}/batch", body, authorization=key)


def client_keys(town: Town, count: int) -> list[str]:
    """Put beside the town's keys what a server wants there, and return the Authorization headers of new systems."""
    prepare_folder(town)
    roles = frozenset({Role.COUNTER})
    keys = []
    with transaction(town.database) as tx:
        for name in (f"bench-{number}" for number in range(count)):
            client = ApiClient(key_id=name, department=BUREAU, roles=roles, environment=SANDBOX, name=name)
            keys.append(credential(name, add_client(tx, client, random=secrets.token_bytes)))
    return keys


def demand_receipt(town: Town, answer: bytes) -> None:
    """Make sure that what is measured ends with a verdict and a receipt that holds."""
    said = json.loads(answer)
    receipt = said["receipt"]
    check = check_verification_receipt(b64decode(receipt["cose"]), town.evidence().trust, proof=receipt["proof"])
    if not said["in_force"] or not said["fields"] or not check.is_good:
        raise RuntimeError("the check does not end with a licence in force, its fields and a good receipt")


@dataclass(frozen=True, slots=True)
class _Side:
    """A server by its port, what it is asked, how many checks each request is, and over how many connections."""

    port: int
    requests: Sequence[bytes]
    each: int = 1
    connections: int = CONNECTIONS

    def rate(self) -> float:
        """Return the checks a second."""
        return self.each * rate(self.port, self.requests, connections=self.connections, seconds=SECONDS)


def _ratio(name: str, ours: _Side, theirs: _Side, *, goal: float) -> Figure:
    """Measure both servers in turn."""
    let_client_use_other_cores()
    rates = [(ours.rate(), theirs.rate()) for _ in range(ROUNDS)]
    own, rival = (statistics.median(each) for each in zip(*rates, strict=True))
    return Figure(
        name=name,
        value=statistics.median(first / second for first, second in rates),
        unit="of its rate",
        goal=goal,
        own=f"{own:.0f}/s",
        rival=f"FastAPI {version('fastapi')} on uvicorn {version('uvicorn')}, no-op: {rival:.0f}/s",
    )
