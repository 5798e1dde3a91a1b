"""What everybody can fetch, checked as a stranger would: trust list, status list, log, proofs, certificates."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from registry.db import reading
from signer.log_files import FolderStore
from signer.log_turn import turn_log
from signer.publish import publish
from tests.hall import Hall
from tests.town import HOST, ORIGIN
from verify.log_proof import LogReceipt, check_receipt
from verify.note import open_checkpoint, parse_verifier_key
from verify.qr_token import decode_token
from verify.status import StatusValue, open_status_list
from verify.tiles import decode_bundle, split_tile
from verify.tree import check_consistency, leaf_hash, root_of
from verify.trust import TrustList, open_trust_list


def trust_list(hall: Hall) -> TrustList:
    """Fetch and open the trust list with the pinned root."""
    from registry import artefacts

    with reading(hall.office.database) as tx:
        root = artefacts.latest(tx, "trust_root", "trust-root") or b""
    return open_trust_list(hall.ask("GET", "/trust-list.cbor").content, root, at=hall.town.now)


def test_a_stranger_follows_a_suspension_through_the_status_list(hall: Hall) -> None:
    issued = hall.issues()
    hall.acts(issued["licence_id"], "suspend")
    status = decode_token(issued["code_text"]).claims.status
    uri = f"https://{HOST}/status/{status.list_number}"

    content = hall.ask("GET", uri.removeprefix(f"https://{HOST}")).content
    trust = trust_list(hall)
    opened = open_status_list(content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, 2)])

    assert opened.value(status.index) is StatusValue.SUSPENDED


def test_a_stranger_proves_that_a_code_stands_in_the_log(hall: Hall) -> None:
    issued = hall.issues()
    token = decode_token(issued["code_text"])
    verifiers = trust_list(hall).verifiers

    by_digest = hall.ask("GET", f"/api/v1/log/proofs/by-digest/{sha256(token.to_be_signed).hexdigest()}").text
    by_index = hall.ask("GET", f"/api/v1/log/proofs/{issued['code_leaf']}").text

    assert by_digest == by_index
    checkpoint = check_receipt(LogReceipt.from_text(by_digest), verifiers, to_be_signed=token.to_be_signed)
    assert checkpoint.origin == ORIGIN


def test_a_stranger_proves_that_the_log_only_grew(hall: Hall) -> None:
    verifier = parse_verifier_key(hall.ask("GET", "/log/log.vkey").text.strip())
    old = open_checkpoint(hall.ask("GET", "/log/checkpoint").text, [verifier])
    hall.issues()

    proof = hall.ask("GET", f"/api/v1/log/consistency/{old.size}").json()
    new = open_checkpoint(proof["checkpoint"], [verifier])
    path = tuple(base64.b64decode(each) for each in proof["path"])

    assert new.size == proof["size"] > old.size
    check_consistency(old.size, old.root, new.size, new.root, path)
    assert hall.ask("GET", f"/api/v1/log/consistency/{new.size + 1}").json()["code"] == "log.no_such_leaf"

    following = turn_log(hall.office.desk.log, f"{ORIGIN}/2027").verifier
    last = open_checkpoint(hall.ask("GET", f"/log/closed/{new.size + 1}/checkpoint").text, [verifier])
    now = open_checkpoint(hall.ask("GET", "/log/checkpoint").text, [following])
    assert (last.origin, now.origin, now.size) == (ORIGIN, following.name, last.size + 1)
    assert hall.ask("GET", f"/log/closed/{now.size}/checkpoint").status_code == 404


def test_bundles_tiles_and_listed_entries_are_one_log(hall: Hall) -> None:
    hall.issues()
    size = int(hall.ask("GET", "/log/checkpoint").text.split("\n")[1])

    bundle = decode_bundle(hall.ask("GET", f"/log/tile/entries/000.p/{size}").content)
    hashes = split_tile(hall.ask("GET", f"/log/tile/0/000.p/{size}").content)
    listed, path = [], "/api/v1/log/entries?limit=10"
    while path:
        page = hall.ask("GET", path)
        listed += [base64.b64decode(each["entry"]) for each in page.json()["items"]]
        path = page.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert list(bundle) == listed
    assert [leaf_hash(entry) for entry in bundle] == list(hashes)
    note = hall.ask("GET", "/log/checkpoint").text
    assert base64.b64encode(root_of(hashes)).decode() in note


def test_what_is_served_is_what_is_published_as_files(hall: Hall) -> None:
    hall.issues()
    folder = hall.office.settings.published_folder

    publish(hall.office.database, hall.office.desk.log.verifier, FolderStore(folder))
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }

    assert len(files) >= 10
    for name, content in files.items():
        assert hall.ask("GET", f"/{name}").content == content, name


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/0/001",
        "/log/tile/0/000.p/257",
        "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/255",
        "/log/tile/64/000",
        "/log/tile/entries/x999/x999/x999/x999/x999/999",
        "/log/tile/0/0",
        "/log/tile/0/x000/000",
        "/log/tile/x/000",
        "/log/tile/entries/000",
        "/log/tile/%2e%2e/checkpoint",
        "/status/99",
        "/status/-1",
        "/nobody.crl",
        "/certificates/nobody.cer",
        "/certificates/..%2f..%2fpassphrase.cer",
        "/api/v1/log/proofs/99999",
        "/api/v1/log/proofs/by-digest/" + "0" * 64,
        "/api/v1/problems/no.such",
        "/api/v1/licence-types/nothing",
    ],
)
def test_what_is_not_there_is_not_found(sqlite_hall: Hall, path: str) -> None:
    answer = sqlite_hall.ask("GET", path)

    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_catalogue_shows_types_items_and_offices(hall: Hall) -> None:
    types = hall.ask("GET", "/api/v1/licence-types").json()["items"]
    one = hall.ask("GET", f"/api/v1/licence-types/{types[0]['code']}").json()

    assert len(types) == 12
    assert one == types[0]
    assert hall.ask("GET", "/api/v1/service-items").json()["items"] != []
    assert hall.ask("GET", "/api/v1/departments").json()["items"][0]["level"] == 1


def test_the_short_way_and_the_long_way_of_a_check_answer_the_same(hall: Hall) -> None:
    licence_ids = [hall.issues()["licence_id"], hall.issues()["licence_id"], "0000000000000000"]
    hall.acts(licence_ids[0], "revoke")

    for licence_id in licence_ids:
        path = f"/api/v1/checks/{licence_id}"
        short = hall.ask("GET", path)
        long = hall.ask("GET", path, key="counter")  # a key takes the long way

        assert short.content == long.content
        assert set(short.headers) == set(long.headers)


def test_a_check_says_as_of_when(hall: Hall) -> None:
    answer = hall.ask("GET", f"/api/v1/checks/{hall.issues()['licence_id']}").json()

    assert datetime.fromisoformat(answer["as_of"]).astimezone(UTC) == hall.town.now
