"""Every code has its sentence in both languages, and both say the same with the same values."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from api.environment import Language
from api.texts import LOCALE, catalogue, read_catalogue, sentence
from registry.lifecycle import LicenceEvent
from registry.purposes import Purpose
from registry.records import DraftState, Role
from signer.log_safety import MEMORY, PUBLISHED
from verify.errors import YinzhengError
from verify.log_entry import EntryKind
from verify.report import Check, Outcome
from verify.states import LicenceState
from verify.verdict import OF_FAILURE, OF_GAP, Verdict

ROOT = Path(__file__).parent.parent
PACKAGES = ("verify", "keys", "registry", "signer", "api")
LANGUAGES: tuple[Language, ...] = ("zh", "en")
PLACES = re.compile(r"\{([a-z_]+)\}")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff]")
# Families of codes that stand as texts in the source: problems of fields, findings, discrepancies, parts of pages.
FAMILIES = (
    "audit|clock|contents|date|fact|field|form|health|holder|issuer|licence_type|log|number|photo|receipt_page|result|"
    "sandbox|seal|sheet|show|signature|state|status|term|ui|verdict"
)
CODE = re.compile(rf"(?:{FAMILIES})\.[a-z_]+(?:\.[a-z_]+)?")
# Words of the source that only look like a code.
NO_CODES = frozenset({"holder.html", "holder.js", "log.vkey", "show.js", "verdict.html"})
# What `SettingsError` says of a setting.
CAUSES = [
    "unreadable",
    "open",
    "length",
    "unknown",
    "value",
    "address",
    "language",
    "timestamps",
    "number",
    "database",
    "provider",
    "proxies",
    "tls",
    "storage",
    "tls_ended",
    "tls_host",
    "tls_key",
    "tls_crl",
    "witnesses",
]
# What is missing in a decision is named by these.
CHANGES = ROOT / "signer" / "change.py"
# `MalformedError` of these checks of a field carries the second half of a problem's code.
HALF_CODES = ROOT / "signer" / "precheck.py"


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        yield from (each.name for each in pkgutil.walk_packages(path, f"{package}.") if "migrations" not in each.name)


def error_codes(family: type[YinzhengError]) -> Iterator[str]:
    yield family.code
    for each in family.__subclasses__():
        yield from error_codes(each)


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def codes_in_source() -> frozenset[str]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    found = {text for path in paths for text in strings(path) if CODE.fullmatch(text)}
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api" / "templates").glob("*.html"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api" / "static").glob("*.js"))
    said = set(re.findall(r'say\("([a-z_.]+)"[,)]', templates)) | set(re.findall(r'"(ui\.[a-z_.]+)"', scripts))
    return frozenset(found | said) - NO_CODES


@cache
def wanted() -> dict[str, str]:
    """Return every code that something may say, with where it comes from."""
    for name in modules():
        importlib.import_module(name)
    by_source = {
        "errors": set(error_codes(YinzhengError)),
        "source": codes_in_source(),
        "findings": set(OF_FAILURE) | set(OF_GAP),
        "halves": {f"field.{text}" for text in re.findall(r'MalformedError\("([a-z_]+)"\)', HALF_CODES.read_text())},
        "checks": {f"check.{each.value}" for each in Check},
        "results": {f"result.{each.value}" for each in Outcome},
        "states": {f"state.{each.value}" for each in (*LicenceState, *DraftState)},
        "roles": {f"role.{each.value}" for each in Role},
        "entries": {f"ui.entry.{each.name.lower()}" for each in EntryKind},
        "acts": {f"event.{each.value}" for each in LicenceEvent},
        "purposes": {f"purpose.{each.value}" for each in Purpose},
        "causes": {f"setting.{text}" for text in CAUSES},
        "seen": {f"seen.{text}" for text in (PUBLISHED, MEMORY)},
        "grounds": {f"ground.{text}" for text in re.findall(r'(?:_refused|_text)\("([a-z_]+)"', CHANGES.read_text())},
        "status": {f"status.{each.value}" for each in LicenceState},
        "verdicts": {f"verdict.{each.value}{part}" for each in Verdict for part in ("", ".sentence", ".next")},
    }
    return {code: source for source, codes in by_source.items() for code in codes}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence(language: Language) -> None:
    texts = catalogue(language)

    assert {code: source for code, source in wanted().items() if not texts.get(code)} == {}


def test_no_sentence_is_left_over() -> None:
    others = {"list.separator", "fact.unknown_kind", "verdict.test", "verdict.unreachable.unsigned"}
    others |= {f"verdict.{each}" for each in ("unreadable.file", "unreadable.file_headline", "unreadable.file_next")}
    others |= {"verdict.tampered.changed", "verdict.valid_expiring.receipt", "verdict.partly_valid.receipt"}
    facts = {code for code in catalogue("zh") if code.startswith("fact.")}

    assert set(catalogue("zh")) - set(wanted()) - others - facts == set()


def test_both_languages_have_the_same_codes_and_take_the_same_values() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    free = {"column_zh", "column_en"}

    assert zh.keys() == en.keys()
    assert [code for code in zh if set(PLACES.findall(zh[code])) - free != set(PLACES.findall(en[code])) - free] == []


def test_brackets_and_braces_are_closed() -> None:
    for language in LANGUAGES:
        for code, text in catalogue(language).items():
            outside = re.sub(r"\[[^\[\]]*\]", "", text)
            assert not set("[]") & set(outside), code
            assert not set("{}") & set(PLACES.sub("", text)), code
            assert all(PLACES.search(part) for part in re.findall(r"\[([^\]]*)\]", text)), code


def test_english_holds_no_chinese_and_chinese_is_chinese() -> None:
    assert [code for code, text in catalogue("en").items() if CHINESE.search(text)] == ["ui.language"]
    plain = {"ui.language", "list.separator"}
    assert [code for code, text in catalogue("zh").items() if not CHINESE.search(text) and code not in plain] == []


def test_the_catalogues_are_whole_and_nothing_in_them_is_fuzzy() -> None:
    for folder in ("zh_CN", "en"):
        text = (ROOT / "api" / "locale" / folder / "LC_MESSAGES" / "yinzheng.po").read_text(encoding="utf-8")
        ids = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
        assert len(ids) == len(set(ids))
        assert "fuzzy" not in text
        assert 'msgstr ""\n\nmsgid' not in text


def test_a_part_in_brackets_is_left_out_when_its_value_is_not_known() -> None:
    known = {
        "authority": "示例局",
        "authority_en": "Sample Bureau",
        "date": "2026-11-01",
        "reference": "示罚〔2026〕1号",
    }

    assert sentence("verdict.revoked.sentence", "zh", known) == "示例局于2026年11月1日作出吊销决定（示罚〔2026〕1号）。"
    assert (
        sentence("verdict.revoked.sentence", "zh", known | {"reference": ""}) == "示例局于2026年11月1日作出吊销决定。"
    )
    assert (
        sentence("verdict.revoked.sentence", "en", {"authority": "示例局", "authority_en": "Sample Bureau"})
        == "Revoked by Sample Bureau."
    )


def test_days_and_moments_are_written_as_each_language_writes_them() -> None:
    at = {"at": "2026-11-24T18:30:00+00:00"}

    assert sentence("term.in_term", "zh", {"date": "2031-09-24"}) == "有效期至 2031年9月24日"
    assert sentence("term.in_term", "en", {"date": "2031-09-24"}) == "Valid until 24 September 2031"
    assert sentence("issuer.revoked_after", "zh", at) == "签发证书其后已更换（2026年11月25日 02:30）"
    assert sentence("term.in_term", "en", {"date": "2031-02-30"}) == "Valid until 2031-02-30"


def test_a_value_is_put_in_as_it_is_and_never_read_as_a_pattern() -> None:
    assert sentence("issuer.not_entitled", "en", {"signer": "{kind} [x]"}) == "{kind} [x] may not issue this type"


def test_a_value_that_must_be_there_and_is_not_shows_as_a_dash() -> None:
    assert sentence("verdict.expired.sentence", "zh") == "有效期至—，已过 — 天。"


def test_a_code_that_nobody_knows_is_said_to_be_a_fault_of_ours() -> None:
    assert sentence("no.such_code", "en") == "Internal fault. Please report it."


def test_states_acts_and_what_is_missing_are_said_in_words() -> None:
    assert sentence("licence.not_allowed", "zh", {"state": "suspended"}) == "证照当前状态（暂扣）不允许这样做。"
    assert sentence("change.incomplete", "zh", {"field": "legal_basis"}) == "请填写，或改正：法律依据。"
    assert "(revoked)" in sentence("audit.event_leaf", "en", {"event": "revoke"})
    assert sentence("licence.not_allowed", "zh", {"state": "elsewhere"}) == "证照当前状态（elsewhere）不允许这样做。"


@pytest.mark.parametrize(("language", "folder"), [("zh", "zh_CN"), ("en", "en")])
def test_a_catalogue_is_read_as_the_judge_reads_it(language: Language, folder: str) -> None:
    with (LOCALE / folder / "LC_MESSAGES" / "yinzheng.po").open("rb") as file:
        messages = read_po(file, locale=folder, abort_invalid=True)

    assert dict(catalogue(language)) == {str(each.id): str(each.string) for each in messages if each.id}


@pytest.mark.parametrize(
    "text",
    [
        'msgid "a"\n',
        'msgid "a"\nmsgstr "b\n',
        'msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n',
        'msgctxt "x"\nmsgid "a"\nmsgstr "b"\n',
        'msgid "a"\nmsgid_plural "as"\nmsgstr[0] "b"\n',
        'msgid "a"\nmsgstr "\\q"\n',
    ],
)
def test_what_is_no_catalogue_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a sentence"):
        read_catalogue(text)


def test_a_sentence_may_stand_on_several_lines_with_its_marks() -> None:
    assert read_catalogue('# one\nmsgid "a"\nmsgstr ""\n"b \\"c\\"\\n"\n"d"\n') == {"a": 'b "c"\nd'}
