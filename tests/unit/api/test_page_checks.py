"""The page's modules against verify/: the same code, the same evidence, the same moment, the same report."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.checking import _ADDRESS, as_meant
from api.environment import Language
from api.verdicts import public_facts, verdict_words
from tests.code_room import CLAIMS, LIVE_KEY, NOW, CodeRoom, Signer
from tests.pack_room import PackRoom, digest, sign_trust
from tests.page_scripts import answers
from verify import cbor
from verify.algorithms import Algorithm, key_identifier
from verify.errors import YinzhengError
from verify.examine import examine_text
from verify.licence import licence_end
from verify.pack import Pack, Pinned, encode_types, open_pack
from verify.qr_text import (
    LICENCE_TEXT,
    TOKEN_BYTES_MAX,
    TokenFormError,
    decode_digits,
    encode_digits,
    make_sign1,
    make_text,
    text_to_be_signed,
)
from verify.qr_token import ShortStatus, StatusClaim, decode_token
from verify.report import Report
from verify.report_objects import public_object
from verify.trust import TrustedIssuer, TrustedKey
from verify.values import LicenceId, TypingError

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
SM2: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-sm2.json").read_text())
VECTOR_ISSUER = "11999999MB1A2B3CX4"
VECTOR_TYPE = "11100000MB03271699001"
VECTOR_AT = datetime(2026, 4, 1, tzinfo=UTC)
CODES = CodeRoom()
PACKS = PackRoom(
    codes=(
        Signer(7).trusted(),
        Signer(8).trusted(cut_off=("log.example", 40)),
        Signer(9).trusted(use=2),
        LIVE_KEY.trusted(use=5),
    )
)


def vector_key(spki: str, algorithm: Algorithm) -> TrustedKey:
    octets = bytes.fromhex(spki)
    year = timedelta(days=365)
    return TrustedKey(
        kid=key_identifier(octets),
        algorithm=algorithm,
        spki=octets,
        use=1,
        not_before=VECTOR_AT - year,
        not_after=VECTOR_AT + year,
    )


def vector_office(*, types: tuple[str, ...] = (VECTOR_TYPE,)) -> TrustedIssuer:
    keys = (
        vector_key(VECTORS["keys"]["issuer_es256"]["spki_der_hex"], Algorithm.ES256),
        vector_key(VECTORS["keys"]["issuer_ed25519"]["spki_der_hex"], Algorithm.ED25519),
        vector_key(SM2["spki_der_hex"], Algorithm.SM2),
    )
    prefix = "https://zz.example.gov.cn/s/"
    return TrustedIssuer(
        issuer=VECTOR_ISSUER, name="苏州市姑苏区行政审批局", keys=keys, status_prefix=prefix, licence_types=types
    )


def room_pack(status: dict[int, int] | None = None) -> bytes:
    trust = PACKS.trust()
    trust = replace(trust, issuers=(*trust.issuers, vector_office()))
    return PACKS.pack(status or {5: 0, 6: 1, 7: 2, 8: 3}, trust=sign_trust(trust, PACKS.root))


PACK = room_pack()
PINNED = PACKS.pinned
VECTOR_TEXTS = [
    *(each["qr_text"] for each in VECTORS["cases"]),
    make_text(LICENCE_TEXT, "zz.example.gov.cn", LicenceId.parse(SM2["id"]), bytes.fromhex(SM2["cose_sign1_hex"])),
]


def said_by_python(text: str, at: datetime, pack: Pack | None, offset: int | None = None) -> dict[str, Any]:
    evidence = open_pack(room_pack(), PINNED).evidence(at=at) if pack is None else pack.evidence(at=at)
    if offset is not None:
        evidence = replace(evidence, clock_offset=timedelta(seconds=offset))
    return public_object(examine_text(text, evidence, at=at))


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without the moment, which the two write with another number of digits."""
    return {name: value for name, value in json.loads(json.dumps(report)).items() if name != "as_of"}


def case(text: str, at: datetime, offset: int | None = None) -> dict[str, Any]:
    return {
        "kind": "text", "text": text, "at": round(at.timestamp() * 1000), "pack": PACK.hex(), "root": PINNED.root.hex(),
        "sequence": 0, "trustSequence": 0, "clockOffset": offset,
    }  # fmt: skip


def compare(folder: Path, tried: list[tuple[str, datetime, int | None]]) -> list[str]:
    """Compare all and return the verdicts."""
    pack = open_pack(PACK, PINNED)
    verdicts = []
    for (text, at, offset), said in zip(tried, answers(folder, [case(*each) for each in tried]), strict=True):
        expected = said_by_python(text, at, pack, offset)
        assert comparable(said) == comparable(expected), text
        verdicts.append(said["verdict"])
    return verdicts


def test_every_vector_gets_the_verdict_that_python_gives_it(tmp_path: Path) -> None:
    refused = [each["qr_text"] for each in VECTORS["reject"]]

    verdicts = compare(tmp_path, [(text, VECTOR_AT, None) for text in (*VECTOR_TEXTS, *refused)])

    good, bad = verdicts[: len(VECTOR_TEXTS)], verdicts[len(VECTOR_TEXTS) :]
    assert good == ["status_unknown"] * 4 + ["unknown_issuer", "status_unknown"]  # no key of live codes is trusted
    assert set(bad) == {"unreadable", "tampered", "unknown_issuer"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_each_report_in_the_words_of_the_server(tmp_path: Path, language: Language) -> None:
    texts = [
        *(CODES.code(status=ShortStatus(1, place)) for place in (5, 6, 7, 8, 5000)),
        CODES.code(host="elsewhere.example:8443"),
        CODES.code(issuer="1199999900000006XQ"),
        CODES.code(not_before=NOW + timedelta(days=2)),
        CODES.code(valid_until=None, expires_at=None),
        CODES.code(holder="王*国", holder_uscc=None),
        CODES.code(signer=Signer(11)),
        CODES.code_that_says_more({99: "later"}, {30: 1}),
        CodeRoom(Signer(8)).code(),
        CodeRoom(Signer(12)).code(),
        "https://licences.test.example/v/0",
        CODES.live_code(),
        CODES.live_code(holder="王*国", signer=Signer(11)),
    ]
    moments = [NOW + timedelta(days=each) for each in (0, 2, 28, 1770, 2000)]
    tried = [(text, at) for text in texts for at in moments]
    pack = open_pack(PACK, PINNED)

    said = answers(tmp_path, [case(text, at) | {"language": language} for text, at in tried])

    for (text, at), answer in zip(tried, said, strict=True):
        report = examine_text(text, pack.evidence(at=at), at=at)
        assert answer == in_words(report, language), text


def in_words(report: Report, language: Language) -> dict[str, Any]:
    words = verdict_words(report, language)
    return {
        "headline": words.headline,
        "kind": words.kind,
        "sentence": words.sentence,
        "next": words.next_step,
        "also": list(words.also),
        "checks": [
            {
                "check": each.check.value,
                "outcome": each.outcome.value,
                "mark": each.mark,
                "name": each.name,
                "result": each.result,
                "found": each.found,
            }
            for each in words.checks
        ],
        "test": words.test_notice,
        "facts": [
            {"code": each.code, "name": each.name, "value": each.value} for each in public_facts(report, language)
        ],
    }


def test_every_state_and_moment_gets_the_same_verdict(tmp_path: Path) -> None:
    texts = [
        *(CODES.code(status=ShortStatus(1, place)) for place in (5, 6, 7, 8, 5000)),
        CODES.code(status=ShortStatus(2, 5)),
        CODES.code(status=StatusClaim("https://licences.test.example/status/1", 6)),
        CODES.code(status=StatusClaim("https://elsewhere.example/status/1", 6)),
        CODES.code(host="elsewhere.example:8443"),
        CODES.code(issuer="1199999900000006XQ"),
        CODES.code(type_code="11999999000000019M777"),
        CODES.code(issued_at=NOW - timedelta(days=800)),
        CODES.code(not_before=NOW + timedelta(days=2)),
        CODES.code(valid_until=None, expires_at=None),
        CODES.code(expires_at=NOW + timedelta(days=10, hours=7)),
        CODES.code(
            expires_at=licence_end((NOW + timedelta(days=5)).date()), valid_until=(NOW + timedelta(days=5)).date()
        ),
        CODES.code(holder="王*国", holder_uscc=None),
        CODES.code(signer=Signer(11)),
        CODES.code_that_says_more({99: "later"}, {30: 1}),
        CODES.code_that_says_more({-5: "critical"}, {}),
        CODES.code_that_says_more({}, {20: b"x"}),
        CodeRoom(Signer(8)).code(),
        CodeRoom(Signer(9)).code(),
        CodeRoom(Signer(12)).code(),
        CODES.live_code(),
        CODES.live_code(holder="王*国"),
        CODES.live_code(signer=Signer(11)),
        CODES.live_code(key=Signer(7)),
        CODES.live_code(issued_at=NOW - timedelta(days=400), expires_at=NOW - timedelta(days=400, seconds=-60)),
    ]
    days = (-70, -0.2, 0, 0.2, 2, 6, 8, 26, 28, 400, 1766, 1770, 2000)
    moments = [NOW + timedelta(days=each, milliseconds=7) for each in days]
    seconds = (-400, -10, 49.999, 50, 109.999, 110)

    verdicts = compare(
        tmp_path,
        [(text, at, None) for text in texts for at in moments]
        + [(CODES.live_code(), NOW + timedelta(seconds=each), None) for each in seconds]
        + [
            (each, NOW, offset)
            for each in (texts[0], CODES.live_code())
            for offset in (-7200, -301, -300, 0, 300, 330, 390, 450, 7200)
        ],
    )

    assert {
        "valid", "valid_expiring", "ended", "suspended", "superseded", "expired", "not_yet_valid", "status_unknown",
        "tampered", "unknown_issuer", "wrong_issuer", "clock_wrong", "unreadable", "unreachable", "show_code_expired",
    } == set(verdicts)  # fmt: skip


def mutated_text(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    return chance.choice(
        (
            lambda: text[:place] + chance.choice("0123456789#/:aZ\u00e9\uff11\u212a\u017f ") + text[place + 1 :],
            lambda: text[:place] + text[place + 1 :],
            lambda: text[:place],
            text.swapcase,
            lambda: text + chance.choice(("0", "\n", " ", "00000000000000000")),
            lambda: text.replace("/v/", chance.choice(("/p/", "/V/", "//"))),
        )
    )()


def mutated_bytes(text: str, chance: random.Random) -> str:
    head, _, behind = text.partition("#")
    version, digits = behind[0], behind[1:]
    octets = bytearray(decode_digits(digits))
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.randrange(len(octets))
        chance.choice(
            (
                lambda at=place: octets.__setitem__(at, chance.randrange(256)),
                lambda at=place: octets.insert(at, chance.randrange(256)),
                lambda at=place: octets.pop(at) if len(octets) > 20 else None,
            )
        )()
    return f"{head}#{version}{encode_digits(bytes(octets))}"


VALUES: tuple[Callable[[random.Random], object], ...] = (
    lambda chance: chance.choice((0, 1, 23, 24, 255, 256, 65536, 1 << 31, 1 << 53, (1 << 64) - 1, -1, -20)),
    lambda chance: chance.randbytes(chance.choice((0, 1, 10, 16))),
    lambda chance: chance.choice(("", "a", "王*国", "示例", "é" * 70, "x" * 200)),
    lambda chance: chance.choice((True, False, None)),
    lambda chance: [chance.randrange(1 << 21), chance.randrange(9000)],
    lambda chance: {chance.choice((1, "a", -3)): chance.choice(("b", 5))},
    lambda chance: {"status_list": {"idx": chance.randrange(10), "uri": "https://licences.test.example/status/1"}},
)


def resigned(chance: random.Random) -> str:
    """Return a code whose claims somebody changed who has the office's key."""
    claims = cbor.decode(CLAIMS.payload(), bytes_max=TOKEN_BYTES_MAX)
    assert isinstance(claims, dict)
    for _ in range(chance.choice((1, 1, 2))):
        target = claims if chance.random() < 0.4 or -70001 not in claims else claims[-70001]
        if not isinstance(target, dict):
            continue
        key = chance.choice((*target, 4, 5, 9, 10, 12, 20, 65535, -4))
        if chance.random() < 0.2:
            target.pop(key, None)
        else:
            target[key] = chance.choice(VALUES)(chance)
    payload = cbor.encode(claims)
    signature = CODES.key.sign(text_to_be_signed(payload, algorithm=Algorithm.ES256, kid=CODES.key.kid))
    sign1 = make_sign1(payload, algorithm=Algorithm.ES256, kid=CODES.key.kid, signature=signature)
    return f"https://licences.test.example/v/{CLAIMS.licence_id.text}#1{encode_digits(sign1)}"


@pytest.mark.parametrize("seed", [1, 2])
def test_hundreds_of_altered_codes_get_the_same_report(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    texts = [CODES.code(), *VECTOR_TEXTS, CODES.live_code()]
    tried = [mutated_text(chance.choice(texts), chance) for _ in range(150)]
    tried += [mutated_bytes(chance.choice(texts), chance) for _ in range(200)]
    tried += [resigned(chance) for _ in range(250)]

    verdicts = compare(tmp_path, [(text, NOW, None) for text in tried])

    assert {"valid", "unreadable", "tampered"} <= set(verdicts)


def test_without_a_pack_nothing_is_called_valid(tmp_path: Path) -> None:
    bare = {"kind": "text", "text": CODES.code(), "at": round(NOW.timestamp() * 1000)}

    (said,) = answers(tmp_path, [bare])

    assert (said["verdict"], said["genuine"], said["in_force"]) == ("unreachable", None, None)


def opened_code(data: bytes, pinned: Pinned, held: Pack | None = None) -> object:
    try:
        return open_pack(data, pinned, held=held).manifest.sequence
    except YinzhengError as error:
        return error.code


def test_packs_are_refused_for_the_same_reasons(tmp_path: Path) -> None:
    newer = open_pack(PACKS.pack(sequence=10), PINNED)
    follower = Signer(4)
    listed = PACKS.trust(next_root=follower.spki)
    old, new = sign_trust(listed, PACKS.root), sign_trust(listed, follower)
    types = encode_types({})
    changes = PACKS.manifest(new, {}, types, root_changes=((digest(old), digest(new)),))
    unnamed = sign_trust(PACKS.trust(), PACKS.root)
    tried: list[tuple[bytes, Pinned, Pack | None]] = [
        (PACK, PINNED, None),
        (PACK, newer.pinned, None),
        (PACK, Pinned(root=Signer(99).spki), None),
        (PACK, Pinned(root=PINNED.root, trust_sequence_min=5), None),
        (PACKS.pack(at=NOW - timedelta(hours=1), sequence=11), newer.pinned, newer),
        (newer.since(newer.manifest), newer.pinned, newer),
        (newer.since(newer.manifest), newer.pinned, None),
        (PACKS.sign(changes, (old, new, types)), PINNED, None),
        (PACKS.sign(changes, (old, new, types)), Pinned(root=follower.spki), None),
        (PACKS.sign(replace(changes, trust=digest(unnamed)), (old, new, types, unnamed)), PINNED, None),
        (PackRoom(service=Signer(7)).pack(trust=sign_trust(PACKS.trust(), PACKS.root)), PINNED, None),
        (b"", PINNED, None),
    ]
    chance = random.Random(3)  # noqa: S311 - for variety, not for secrets
    for _ in range(150):
        changed = bytearray(PACK)
        changed[chance.randrange(len(PACK))] ^= 1 << chance.randrange(8)
        tried.append((bytes(changed), PINNED, None))

    said = answers(
        tmp_path,
        [
            {
                "kind": "pack", "data": data.hex(), "root": pinned.root.hex(), "sequence": pinned.sequence_min,
                "trustSequence": pinned.trust_sequence_min, "held": None if held is None else held.encode().hex(),
            }
            for data, pinned, held in tried
        ],
    )  # fmt: skip

    for each, answer in zip(tried, said, strict=True):
        assert answer.get("sequence", answer.get("code")) == opened_code(*each)


def meaning_in_python(entry: str) -> dict[str, Any]:
    text = as_meant(entry)
    address = _ADDRESS.fullmatch(text)
    if address is None and ("#" in text or "/" in text):
        return {"code": text}
    try:
        return {"id": LicenceId.parse_typed(text if address is None else address[1]).text}
    except TypingError:
        return {"slip": True}


def test_what_is_typed_means_the_same(tmp_path: Path) -> None:
    typed = LicenceId(bytes(range(10))).typed
    tried = [
        typed, typed.lower(), typed[:-2], typed.replace("-", ""), typed.replace("-", "\u2014"), f" {typed}\n", "]C1" + typed,
        typed[:-1] + "0", typed.replace("0", "O").replace("1", "l"), "\uff10" + typed[1:], "", "x", "0" * 80, "王",
        f"https://a.example/v/{typed[:19].replace('-', '')}?lang=en", "/v/", "https://a.example/v/0123", CODES.code(),
        CODES.code().swapcase(), "\u200b" + CODES.code(),
    ]  # fmt: skip

    said = answers(tmp_path, [{"kind": "typed", "text": each} for each in tried])

    assert said == [meaning_in_python(each) for each in tried]


def test_both_readers_of_cbor_take_and_refuse_the_same_bytes(tmp_path: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - for variety, not for secrets
    whole = CLAIMS.payload()
    tried = [chance.randbytes(chance.randrange(1, 12)) for _ in range(400)]
    tried += [bytes([head]) for head in range(256)]
    tried += [whole[: chance.randrange(len(whole))] + chance.randbytes(2) for _ in range(100)]
    tried += [b"\x81" * depth + b"\x00" for depth in range(10, 15)]

    said = answers(tmp_path, [{"kind": "cbor", "data": each.hex()} for each in tried])

    assert said == [read_by_python(each) for each in tried]


def read_by_python(data: bytes) -> dict[str, Any]:
    try:
        cbor.decode(data, bytes_max=1 << 20)
    except cbor.CborError as error:
        return {"code": error.code}
    return {"good": True}


def test_the_vectors_are_what_python_reads() -> None:
    assert decode_token(VECTOR_TEXTS[5]).algorithm is Algorithm.SM2
    with pytest.raises(TokenFormError):
        decode_token(VECTOR_TEXTS[4])
