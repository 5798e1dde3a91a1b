"""The witness policy: what it takes to have witnessed, and every text that is no policy."""

from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.cosignature import Cosignature, witness_key
from verify.note import verifier_key_text
from verify.witness_policy import ITEMS_MAX, WitnessPolicy, WitnessPolicyError

KEYS = {name: witness_key(f"{name}.example/w", bytes([number]) * 32) for number, name in enumerate("XYZUVW", 1)}
LOG = f"log {verifier_key_text('log.example', bytes(32))}"
LINES = [LOG, *(f"witness {name} {key.text} https://{name}.example/w" for name, key in KEYS.items())]
TEXT = "\n".join(
    [*LINES, "", " # two heads", "group first 2 X Y Z", "\tgroup  second any U V", "group both all first second", ""]
)


def cosigned(names: str) -> list[Cosignature]:
    return [Cosignature(KEYS[name], datetime(2026, 11, 26, tzinfo=UTC)) for name in names]


def test_a_quorum_of_groups_counts_as_the_standard_says() -> None:
    policy = WitnessPolicy.parse(f"{TEXT}quorum both\n")

    for count in range(len(KEYS) + 1):
        for names in combinations(KEYS, count):
            wanted = len({*names} & {*"XYZ"}) >= 2 and bool({*names} & {*"UV"})
            assert policy.is_met(cosigned("".join(names))) is wanted, names
    assert policy.names(cosigned("VX")) == ("X", "V")
    assert [each.address for each in policy.witnesses][:1] == ["https://X.example/w"]
    again = WitnessPolicy.parse(f"{LOG}\n{policy.witness_text}")
    assert again == policy


def test_a_single_witness_can_be_the_quorum_and_none_is_never_witnessed() -> None:
    assert WitnessPolicy.parse(f"{TEXT}quorum W\n").is_met(cosigned("W"))
    assert not WitnessPolicy.parse(f"{TEXT}quorum W\n").is_met(cosigned("XYZUV"))
    assert not WitnessPolicy.parse(f"{TEXT}quorum none").is_met(cosigned("XYZUVW"))
    assert not WitnessPolicy().has_quorum


def test_a_cosignature_of_another_key_of_that_name_counts_nothing() -> None:
    policy = WitnessPolicy.parse(f"{TEXT}quorum W\n")
    other = witness_key(KEYS["W"].name, bytes([9]) * 32)

    assert not policy.is_met([Cosignature(other, datetime(2026, 11, 26, tzinfo=UTC))])


@pytest.mark.parametrize(
    "text",
    [
        "",
        LOG,
        "quorum nobody",
        "quorum none\nquorum none",
        "quorum none extra",
        "quorum",
        "logs x\nquorum none",
        "log\nquorum none",
        f"log {KEYS['X'].text}\nquorum none",
        f"{LOG}\n{LOG}\nquorum none",
        f"witness X {verifier_key_text('log.example', bytes(32))}\nquorum X",
        f"witness none {KEYS['X'].text}\nquorum none",
        f"{LINES[1]}\nwitness Y {KEYS['X'].text}\nquorum X",
        f"{LINES[1]}\nwitness X {KEYS['Y'].text}\nquorum X",
        f"{LINES[1]} extra\nquorum X",
        f"quorum X\n{LINES[1]}",
        f"{TEXT}group third any X\nquorum both",
        f"{TEXT}group third any W W\nquorum both",
        f"{TEXT}group third any none\nquorum both",
        f"{TEXT}group third any third\nquorum both",
        f"{TEXT}group third 2 W\nquorum both",
        f"{TEXT}group third 0 W\nquorum both",
        f"{TEXT}group third 01 W\nquorum both",
        f"{TEXT}group third any\nquorum both",
        f"{TEXT}group W any both\nquorum both",
        f"{TEXT}quorum both\r\n",
        f"{TEXT}quorum\u00a0both",
        "\n".join(
            [
                *(f"log {verifier_key_text('log', bytes([number]) * 32)}" for number in range(ITEMS_MAX + 1)),
                "quorum none",
            ]
        ),
        "#" * 300_000,
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(WitnessPolicyError):
        WitnessPolicy.parse(text)


@given(st.text(alphabet="logwitnesgrupqum none#XY12\n\t +/", max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        policy = WitnessPolicy.parse(text)
    except WitnessPolicyError:
        return

    assert not policy.is_met([])
