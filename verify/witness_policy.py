"""Which witnesses must have cosigned a checkpoint: the policy text of C2SP tlog-policy.

Promises:
  * One reader for everybody: trust lists, offices, auditors. What the standard forbids is refused, not guessed.
  * Each witness counts once: no key stands twice, no name is a member of two groups, no group of itself. A log's key
    may stand twice, under two names: our log of next year may go on with the key of this one's.
  * Without a quorum (`quorum none`) every checkpoint that the log signed will do, and nothing is called witnessed.

    log <key> [<address>] · witness <name> <key> [<address>] · group <name> any|all|<k> <member>… · quorum <name>|none
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from verify.cosignature import Cosignature, WitnessKey, parse_witness_key
from verify.errors import MalformedError
from verify.note import LogVerifier, NoteError, parse_verifier_key

# The standard asks for 32 of each; a line with an ML-DSA key has 2 kB.
ITEMS_MAX: Final = 64
POLICY_LENGTH_MAX: Final = 262_144
ADDRESS_LENGTH_MAX: Final = 500
NONE: Final = "none"
_BLANK: Final = " \t"
_WORDS: Final = re.compile(r"[ \t]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,2}")


class WitnessPolicyError(MalformedError):
    """Not a log policy; the detail names the line."""

    code = "witness_policy.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness as a policy names it; `address` is where it takes checkpoints, empty when the policy does not say."""

    name: str
    key: WitnessKey
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group that has witnessed when `threshold` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPolicy:
    """Logs, witnesses and the quorum. Made by `parse` alone, so what it names exists."""

    logs: tuple[LogVerifier, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE
    _by_name: Mapping[str, Witness | Group] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, Witness | Group] = {each.name: each for each in self.witnesses}
        by_name |= {each.name: each for each in self.groups}
        object.__setattr__(self, "_by_name", by_name)

    @staticmethod
    def parse(text: str) -> "WitnessPolicy":
        """Read a policy text; raises `WitnessPolicyError`."""
        return _Reader(text).policy()

    @property
    def has_quorum(self) -> bool:
        """Say whether checkpoints must be cosigned."""
        return self.quorum != NONE

    @property
    def keys(self) -> tuple[WitnessKey, ...]:
        """The keys of all witnesses."""
        return tuple(each.key for each in self.witnesses)

    @property
    def witness_text(self) -> str:
        """The lines of witnesses, groups and quorum, as `parse` reads them."""
        lines = [_line_of_witness(each) for each in self.witnesses] + [_line_of_group(each) for each in self.groups]
        return "".join(f"{line}\n" for line in (*lines, f"quorum {self.quorum}"))

    def is_met(self, cosignatures: Iterable[Cosignature]) -> bool:
        """Say whether these cosignatures make the quorum; without a quorum nothing is witnessed."""
        signed = {each.witness for each in cosignatures}
        return self.has_quorum and self._has_witnessed(self.quorum, signed)

    def names(self, cosignatures: Iterable[Cosignature]) -> tuple[str, ...]:
        """Return the policy's names of those who cosigned, in the policy's order."""
        signed = {each.witness for each in cosignatures}
        return tuple(each.name for each in self.witnesses if each.key in signed)

    def _has_witnessed(self, name: str, signed: set[WitnessKey]) -> bool:
        # No cycles and no depth to fear: a member stands above its group, and there are at most 64.
        item = self._by_name[name]
        if isinstance(item, Witness):
            return item.key in signed
        return sum(self._has_witnessed(each, signed) for each in item.members) >= item.threshold


def _line_of_witness(witness: Witness) -> str:
    return " ".join(text for text in ("witness", witness.name, witness.key.text, witness.address) if text)


def _line_of_group(group: Group) -> str:
    return " ".join(("group", group.name, str(group.threshold), *group.members))


@dataclass(slots=True, eq=False)
class _Reader:
    """Reads the lines one by one; what was defined above may be named below."""

    text: str
    logs: list[LogVerifier] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""
    taken: set[str] = field(default_factory=set)

    def policy(self) -> WitnessPolicy:
        if len(self.text) > POLICY_LENGTH_MAX or _CONTROL.search(self.text):
            raise WitnessPolicyError("too long, or with control characters")
        takers: Mapping[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        for number, line in enumerate(self.text.split("\n"), 1):
            words = _WORDS.split(line.strip(_BLANK))
            if not words[0] or words[0].startswith("#"):
                continue
            try:
                takers.get(words[0], _unknown)(words[1:])
            except (WitnessPolicyError, NoteError) as error:
                raise WitnessPolicyError(f"line {number}: {error.detail}") from error
        if not self.quorum:
            raise WitnessPolicyError("there is no quorum line")
        return WitnessPolicy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses.values()),
            groups=tuple(self.groups.values()),
            quorum=self.quorum,
        )

    def _log(self, words: list[str]) -> None:
        _demand(1 <= len(words) <= 2, "a log has a key and at most an address")
        verifier = parse_verifier_key(words[0])
        _demand(all(each.name != verifier.name for each in self.logs), "a log stands twice")
        _demand(len(self.logs) < ITEMS_MAX, "too many logs")
        self.logs.append(verifier)

    def _witness(self, words: list[str]) -> None:
        _demand(2 <= len(words) <= 3, "a witness has a name, a key and at most an address")
        key = parse_witness_key(words[1])
        self._demand_new(words[0])
        _demand(all(each.key.public != key.public for each in self.witnesses.values()), "a witness stands twice")
        _demand(len(self.witnesses) < ITEMS_MAX, "too many witnesses")
        address = words[2] if len(words) == 3 else ""
        _demand(len(address) <= ADDRESS_LENGTH_MAX, "an address is too long")
        self.witnesses[words[0]] = Witness(name=words[0], key=key, address=address)

    def _group(self, words: list[str]) -> None:
        _demand(len(words) >= 3, "a group has a name, a number and members")
        name, count, members = words[0], words[1], tuple(words[2:])
        self._demand_new(name)
        _demand(len(self.groups) < ITEMS_MAX, "too many groups")
        for member in members:
            _demand(member in self.witnesses or member in self.groups, "a member that is not defined above")
            _demand(member not in self.taken, "a member of two groups")
            self.taken.add(member)
        threshold = {"any": 1, "all": len(members)}.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        _demand(1 <= threshold <= len(members), "a number that the group cannot reach")
        self.groups[name] = Group(name=name, threshold=threshold, members=members)

    def _quorum(self, words: list[str]) -> None:
        _demand(not self.quorum, "a second quorum")
        _demand(len(words) == 1, "a quorum is one name")
        _demand(words[0] == NONE or words[0] in self.witnesses or words[0] in self.groups, "a quorum of nobody")
        self.quorum = words[0]

    def _demand_new(self, name: str) -> None:
        is_new = name != NONE and name not in self.witnesses and name not in self.groups
        _demand(is_new, "a name that is taken")


def _unknown(_words: list[str]) -> None:
    raise WitnessPolicyError("an unknown word")


def _demand(is_good: bool, detail: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_good:
        raise WitnessPolicyError(detail)
