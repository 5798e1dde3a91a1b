"""The server's process before its first request."""

import gc
import sys

from api.serving import TURN_SECONDS, settle


def test_what_was_loaded_is_looked_through_no_more_and_threads_take_short_turns() -> None:
    interval = sys.getswitchinterval()
    try:
        settle()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == TURN_SECONDS
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
