"""What issuing needs of a seal: its key, its object, its certificate and its picture."""

from dataclasses import dataclass, field
from typing import Self

from keys.custody import KeyName
from registry import seals
from registry.db import Database, reading
from registry.seal_errors import SealNotFiledError


@dataclass(frozen=True, slots=True, kw_only=True)
class SealParts:
    """One version of a seal, which never changes: its key, its object (DER), certificate (DER) and picture (PNG)."""

    key: KeyName
    content: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    picture: bytes = field(repr=False)

    @classmethod
    def read(cls, database: Database, code: str, version: int) -> Self:
        """Read the parts of one version from the registry. Raises `SealNotFiledError` when it was never made."""
        with reading(database) as tx:
            found = seals.find_object(tx, code, version)
        if found is None or found.content is None or found.certificate is None or found.key is None:
            raise SealNotFiledError
        return cls(
            key=KeyName.parse(found.key),
            content=found.content,
            certificate=found.certificate,
            picture=found.picture.content,
        )
