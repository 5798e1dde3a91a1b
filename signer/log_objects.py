"""Published files in storage that speaks S3: at a provider's, or a server of the office's own.

Promises:
  * The same as a folder's (`log_files`). An object is whole or absent by the storage's own promise; `put_all` writes
    only where nothing is, `replace` only over the very object that was compared (If-None-Match, If-Match), so
    publishers on any number of machines never overwrite one another.
  * Storage that ignores these conditions is found out before anything is published (`demand_conditions`).
  * Every request has a time limit; what cannot be asked is `PublishFolderError`, never "there is no such file".
  * Objects carry the media type and cache headers that a web server would give them.
"""

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, Self

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import S3Store

from signer.errors import PublishConflictError, PublishFolderError, PublishUnconditionalError
from signer.log_files import FILE_BYTES_MAX
from verify.tiles import WITNESSED_CHECKPOINT

if TYPE_CHECKING:
    from obstore import UpdateVersion  # exists for type checkers only

# Requests under way at once; each waits for the network, not for us.
AT_ONCE: Final = 16
SECONDS_MAX: Final = "15s"
RETRIES: Final = 2
FOREVER: Final = "public, max-age=31536000, immutable"
SHORTLY: Final = "public, max-age=2"
_BINARY: Final = "application/octet-stream"
_TEXT: Final = "text/plain; charset=utf-8"
_TEXTS: Final = frozenset({"checkpoint", WITNESSED_CHECKPOINT, "log.vkey"})


@dataclass(slots=True, eq=False)
class ObjectStore:
    """A bucket, or what lies below a prefix of one."""

    store: S3Store = field(repr=False)
    _keeps_conditions: bool = field(default=False, init=False, repr=False)

    @classmethod
    def open(cls, address: str, *, endpoint: str | None, region: str, credentials: tuple[str, str]) -> Self:
        """Open `s3://bucket/prefix`; `credentials` are the access key's id and secret. Nothing is asked yet."""
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            endpoint=endpoint,
            region=region,
            access_key_id=credentials[0],
            secret_access_key=credentials[1],
            virtual_hosted_style_request=False,
            client_options={"timeout": SECONDS_MAX, "allow_http": endpoint is not None and endpoint[:7] == "http://"},
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=15)},
        )
        return cls(store)

    def get(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        found = self._get(path)
        return None if found is None else found[0]

    def put_all(self, files: Mapping[str, bytes]) -> int:
        """Write each where nothing is yet; what stands there must be the same."""
        if len(files) < 2:
            return sum(self._put(path, content) for path, content in files.items())
        with ThreadPoolExecutor(min(AT_ONCE, len(files))) as pool:
            return sum(pool.map(self._put, files.keys(), files.values()))

    def replace(self, path: str, content: bytes, *, expected: bytes | None) -> bool:
        """Write over the very object that was compared, or where nothing was."""
        found = self._get(path)
        if (None if found is None else found[0]) != expected:
            raise PublishConflictError(path)
        if expected == content:
            return False
        with _translated(path):
            mode: Literal["create"] | UpdateVersion = "create" if found is None else {"e_tag": found[1]}
            obstore.put(self.store, path, content, mode=mode, attributes=_attributes(path, SHORTLY))
        return True

    def drop(self, folder: str) -> None:
        """Remove the objects below a path."""
        with _translated(folder):
            for page in obstore.list(self.store, folder):
                obstore.delete(self.store, [each["path"] for each in page])

    def flush(self) -> None:
        """Return at once: the storage answers only when it has an object for good."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep nobody out: conditional requests do, as long as the storage heeds them. Asked once by each process."""
        if not self._keeps_conditions:
            self.demand_conditions()
            self._keeps_conditions = True
        yield

    def demand_conditions(self) -> None:
        """Write an object under a name of its own twice, then over bytes that it never had; take it away.

        Raises `PublishUnconditionalError` when the storage lets the second or the third one through.
        """
        path = f"probe/{secrets.token_hex(8)}"
        never: UpdateVersion = {"e_tag": f'"{"0" * 32}"'}
        try:
            self._is_written(path, "create")  # refused only where the answer to a first attempt was lost
            if self._is_written(path, "create") or self._is_written(path, never):
                raise PublishUnconditionalError
        finally:
            with suppress(PublishFolderError), _translated(path):  # a trial that stays there does no harm
                obstore.delete(self.store, path)

    def _is_written(self, path: str, mode: "Literal['create'] | UpdateVersion") -> bool:
        try:
            with _translated(path):
                obstore.put(self.store, path, b"trial", mode=mode)
        except PublishConflictError:
            return False
        return True

    def _put(self, path: str, content: bytes) -> bool:
        try:
            with _translated(path):
                obstore.put(self.store, path, content, mode="create", attributes=_attributes(path, FOREVER))
        except PublishConflictError:
            if self.get(path) != content:
                raise
            return False
        return True

    def _get(self, path: str) -> tuple[bytes, str | None] | None:
        try:
            with _translated(path):
                answer = obstore.get(self.store, path)
                if answer.meta["size"] > FILE_BYTES_MAX:
                    raise PublishConflictError(path)
                return bytes(answer.bytes()), answer.meta["e_tag"]
        except FileNotFoundError:
            return None


def _attributes(path: str, cache: str) -> dict[str, str]:
    name = path.rpartition("/")[2]
    return {"Content-Type": _TEXT if name in _TEXTS else _BINARY, "Cache-Control": cache}


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotFoundError):
        raise FileNotFoundError(path) from None
    except (AlreadyExistsError, PreconditionError) as error:
        raise PublishConflictError(path) from error
    except (BaseError, OSError) as error:
        # The library's text may hold addresses and keys' ids; the kind says enough.
        raise PublishFolderError(type(error).__name__) from None
