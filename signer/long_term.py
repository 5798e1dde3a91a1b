"""Seal filed documents for the long term: collect the evidence, add it with a time stamp, keep the result.

Promises:
  * The filed document stays what it is; each sealing continues the newest one and is kept as a document of its own.
  * The evidence is our own: certificates and revocation lists that this deployment published; nothing is fetched.
"""

from datetime import datetime

from keys.custody import DEPLOYMENT, KeyName
from registry import artefacts, licences, long_term
from registry.db import reading, transaction
from registry.errors import UnknownLicenceError
from registry.long_term import LongTermDocument
from signer.desk import Desk
from signer.key_acts import AUTHORITY, CERTIFICATE
from signer.sealing import seal_long_term


def extend(desk: Desk, licence_id: str, *, at: datetime) -> LongTermDocument:
    """Seal the newest document of a licence, put it into the vault, then write it down.

    Raises `UnknownLicenceError`, and `SealingError` when evidence is missing or does not fit.
    """
    with reading(desk.database) as tx:
        licence = licences.find_licence(tx, licence_id)
        if licence is None:
            raise UnknownLicenceError
        newest = long_term.newest(tx, licence_id)
        certificates = artefacts.all_latest(tx, CERTIFICATE)
        authorities = artefacts.all_latest(tx, AUTHORITY)
    owners = {licence.issuer, DEPLOYMENT}
    sealed = seal_long_term(
        desk.vault.get(licence.document_digest if newest is None else newest.document_digest),
        certificates=[
            *(content for name, content in certificates if KeyName.parse(name).owner in owners),
            *(content for _, content in authorities),
        ],
        revocation=desk.revocation(),
        timestamps=desk.timestamps,
    )
    digest = desk.vault.put(sealed)
    with transaction(desk.database) as tx:
        return long_term.add(tx, licence_id, digest, at=at)
