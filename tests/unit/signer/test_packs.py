"""The deployment's counter pack: signed when a part changed, with what is new since each of the last ones."""

from datetime import timedelta

from keys.custody import DEPLOYMENT
from registry import artefacts
from registry.db import reading
from signer.key_acts import rotate_key
from signer.log_files import FolderStore
from signer.packs import KEPT, PACK, PACK_NAME, SINCE, refresh_pack, since_name
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from signer.publish import publish
from signer.statuses import TTL, refresh_status_lists
from signer.trust_lists import renew_trust_list
from tests.town import PERSONS, Town
from verify.algorithms import Algorithm
from verify.examine import examine_text
from verify.key_purpose import KeyPurpose
from verify.pack import Pack, Pinned, open_pack
from verify.verdict import Verdict


def root_of(town: Town) -> bytes:
    with reading(town.database) as tx:
        root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    assert root is not None
    return root


def kept(town: Town, kind: str, name: str) -> bytes:
    with reading(town.database) as tx:
        content = artefacts.latest(tx, kind, name)
    assert content is not None
    return content


def opened(town: Town) -> Pack:
    return open_pack(kept(town, PACK, PACK_NAME), Pinned(root=root_of(town)))


def test_a_counter_with_the_pack_and_the_pinned_root_checks_what_the_town_issued(town: Town) -> None:
    issued = town.issues(town.signboard_draft())
    refresh_status_lists(town.desk, at=town.now)

    number = refresh_pack(town.desk, at=town.now)
    pack = opened(town)

    assert number == pack.manifest.sequence == 1
    assert examine_text(issued.record.token_text, pack.evidence(at=town.now), at=town.now).verdict is Verdict.VALID


def test_a_pack_is_signed_when_a_part_changed_or_the_last_one_is_old(town: Town) -> None:
    town.issues(town.signboard_draft())
    refresh_pack(town.desk, at=town.now)

    assert refresh_pack(town.desk, at=town.now + TTL - timedelta(seconds=1)) is None
    assert refresh_pack(town.desk, at=town.now + TTL) == 2
    refresh_status_lists(town.desk, at=town.now + TTL)
    assert refresh_pack(town.desk, at=town.now + TTL) == 3


def test_what_is_new_since_each_of_the_last_packs_lies_ready(town: Town) -> None:
    town.issues(town.signboard_draft())
    refresh_pack(town.desk, at=town.now)
    first = opened(town)

    for round_ in range(1, KEPT):
        refresh_status_lists(town.desk, at=town.now + round_ * TTL)
        refresh_pack(town.desk, at=town.now + round_ * TTL)
    cut = kept(town, SINCE, since_name(first.manifest.sequence))
    pack = open_pack(cut, first.pinned, held=first)

    assert pack == opened(town)
    assert pack.manifest.sequence == KEPT
    assert len(cut) < len(pack.encode()) / 4


def test_the_pack_is_published_as_files(town: Town) -> None:
    town.issues(town.signboard_draft())
    refresh_pack(town.desk, at=town.now)

    publish(town.database, town.desk.log.verifier, FolderStore(town.folder / "published"))

    folder = town.folder / "published" / "pack"
    assert (folder / "counter").read_bytes() == kept(town, PACK, PACK_NAME)
    assert (folder / f"since-{since_name(1)}").read_bytes() == kept(town, SINCE, since_name(1))


def test_counters_follow_to_a_new_root(town: Town) -> None:
    before = Pinned(root=root_of(town))
    rotate_key(
        town.key_desk, KeyPurpose.TRUST_LIST, DEPLOYMENT, algorithm=Algorithm.ES256, persons=PERSONS, at=town.now
    )
    renew_trust_list(town.key_desk, at=town.now)

    refresh_pack(town.desk, at=town.now)
    pack = open_pack(kept(town, PACK, PACK_NAME), before)

    assert pack.root == root_of(town) != before.root
    assert open_pack(kept(town, PACK, PACK_NAME), pack.pinned).root == pack.root
