"""The town that figures are measured in: SQLite in a folder, made durable as in service, its clock standing still."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.sm2_choice import choose_sm2
from keys.custody import KeyName
from keys.key_files import decode_key_file, open_key_file
from registry.db import open_database
from registry.records import DraftRecord
from registry.schema import upgrade
from signer.issue import IssuedLicence
from tests.town import PASSPHRASE, Town

# One transaction that reserves, two log commits and one that files, for so many licences.
CHUNK = 50


def found_town(folder: Path) -> Town:
    """Found a town in a new folder; SM2 is signed and checked by what a service would choose on this machine."""
    choose_sm2()
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{folder / 'registry.sqlite'}")
    upgrade(database)
    return Town.found(database, folder)


def issue_chunks(town: Town, records: Sequence[DraftRecord]) -> list[IssuedLicence]:
    """Issue saved drafts chunk by chunk; a refused one is a mistake of the figure."""
    issued = []
    for start in range(0, len(records), CHUNK):
        for outcome in town.issues_all(records[start : start + CHUNK]):
            if not isinstance(outcome, IssuedLicence):
                raise outcome.error
            issued.append(outcome)
    return issued


def private_key_pem(town: Town, key: KeyName) -> bytes:
    """Return a private key of the town in PKCS#8, for the rival that loads keys by itself."""
    file = decode_key_file((town.folder / "keys" / f"{key.text}.key").read_bytes())
    return open_key_file(file, PASSPHRASE).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
