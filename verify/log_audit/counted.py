"""What audits before this one counted, for one of new entries alone: a month's report is of all its entries.

Promises: nothing is taken for counted that was not. What a checker kept that did not count is said to be missing.
"""

from collections.abc import Mapping

from verify.log_audit.claims import Kept
from verify.log_audit.tallies import Tally


class Counted:
    """What was counted below ``first``, where this audit begins; ``judged`` are the reports that need no counts more.

    ``is_known`` says whether anybody counted there, ``has_rows`` whether rows were compared with all leaves as well.
    """

    def __init__(self, kept: Kept | None, first: int) -> None:
        self.tally = Tally()
        self.judged: Mapping[str, str] = {}
        self.is_known = not first
        self.first = first
        if not first or kept is None:
            self.has_rows = not first
            return
        try:
            self.tally = Tally.from_state(kept.counted)
        except (TypeError, KeyError, ValueError, AttributeError):
            self.has_rows = False
            return
        self.is_known, self.judged = True, kept.judged
        self.has_rows = kept.rows >= first

    def whole(self, tally: Tally) -> Tally:
        """Return the counts of this audit and of those before it."""
        if not self.first:
            return tally
        both = Tally(tally.limits)
        both.add(tally)
        both.add(self.tally)
        return both

    def reaches(self, month: str, whole: Tally) -> bool:
        """Say whether the counts of a month reach back to its first entry."""
        if not self.first or whole.months.get(month, -1) > self.first:
            return True
        return self.is_known and month not in self.judged


def left_to_count(counted: Counted, place: Mapping[str, object], judged: Mapping[str, str]) -> Mapping[str, object]:
    """Return for JSON what the next audit must know of the entries below its place; nothing where this one did not."""
    if not counted.is_known:
        return {}
    tally = Tally.from_state(place)
    tally.add(counted.tally)
    tally.forget(judged.keys())
    tally.hours.clear()
    return tally.state()
