"""Ask a connection whether it is still there, where it may be gone: to ask each time costs a wait for each transaction.

Promises:
  * A connection that lay idle, or was given back before another one broke, is asked before it is lent; one that does
    not answer is replaced, and all others that are as old.
  * One that was just used is lent as it is. Should it break in that very moment, the caller hears that the database is
    away, as he would when it breaks a moment later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

# Within this time after its last use a connection is taken for alive; a server that stops breaks all of them at once,
# and who meets the first broken one warns the others.
FRESH_SECONDS: Final = 1.0
_GIVEN_BACK: Final = "given_back"


@dataclass(slots=True, eq=False)
class Pings:
    """The pool of one engine, and when one of its connections was last found broken."""

    engine: Engine
    monotonic: Callable[[], float]
    _broken_at: float = field(default=float("-inf"), init=False)

    def listen(self) -> None:
        """Let the pool tell of what it lends, gets back and throws away."""
        event.listen(self.engine, "checkout", self._lend)
        event.listen(self.engine, "checkin", self._take_back)
        event.listen(self.engine, "invalidate", self._throw_away)

    def _lend(self, connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - the driver's and the pool's own
        given_back = record.info.get(_GIVEN_BACK)
        if given_back is None or (given_back > self._broken_at and self.monotonic() - given_back < FRESH_SECONDS):
            return
        dialect = self.engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    def _take_back(self, _connection: object, record: Any) -> None:  # noqa: ANN401 - the pool's own
        record.info[_GIVEN_BACK] = self.monotonic()

    def _throw_away(self, _connection: object, record: Any, _error: object) -> None:  # noqa: ANN401 - the pool's own
        record.info.pop(_GIVEN_BACK, None)
        self._broken_at = self.monotonic()
