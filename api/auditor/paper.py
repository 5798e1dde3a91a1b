"""The working paper: what was audited, by what, what was found, and a chart of the log's activity, on a few pages.

Promises: it names the evidence package by the SHA-256 of its list of files, so that one signature covers both.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from api.auditor.checking import Checked
from api.auditor.pdf import HEIGHT, WIDTH, Page, write_pdf
from api.auditor.report import as_text
from api.auditor.words import Language, say
from verify.licence import ISSUER_ZONE

_MARGIN: Final = 48
# Marks that the standard fonts have no glyphs for; an English paper needs no Chinese font, which not every reader has.
_MARKS: Final[Mapping[Language, Mapping[int, str]]] = {
    "zh": {ord("✔"): "√", ord("✘"): "×"},
    "en": {ord("✔"): "OK", ord("✘"): "×", ord("？"): "?"},
}
# A number, a hash or a word is not cut where it can go on the next line whole.
_WORDS: Final = re.compile(r"[\x21-\x7e]+|.")
_SIZE: Final = 8.5
_LEADING: Final = 12
# Half-width letters that a line of this size takes; a Chinese one takes two.
_COLUMNS: Final = 104
_INDENT: Final = 6
_PIECE: Final = _COLUMNS - _INDENT
_CHART_HEIGHT: Final = 150
# More bars than this are months.
_DAYS_MAX: Final = 62
_BARS_MAX: Final = 120


def working_paper(
    checked: Checked, manifest: bytes, language: Language, *, sign: Callable[[bytes], bytes] | None
) -> bytes:
    """Return the working paper in PDF; ``manifest`` is the digest of the package's list of files."""
    title = say(language, "签发日志审计工作底稿", "Working paper: audit of a signing log")
    pages = [Page()]
    pages[0].text(_MARGIN, HEIGHT - 60, 15, title)
    y = _facts(pages[0], checked, manifest, language, signed=sign is not None)
    y = _chart(pages[0], checked, language, y - 24)
    for line in as_text(checked, language).translate(_MARKS[language]).splitlines():
        for part in _folded(line):
            if y < _MARGIN + _LEADING:
                pages.append(Page())
                y = HEIGHT - _MARGIN
            pages[-1].text(_MARGIN, y, _SIZE, part)
            y -= _LEADING
    for number, page in enumerate(pages, 1):
        page.text(WIDTH - _MARGIN - 30, 28, 8, f"{number} / {len(pages)}")
    return write_pdf(pages, title, at=checked.at, sign=sign)


def _facts(page: Page, checked: Checked, manifest: bytes, language: Language, *, signed: bool) -> float:
    """Put who, what and when; return how far down it reached."""
    checkpoint = checked.result.checkpoint
    at = checked.at.astimezone(ISSUER_ZONE).strftime("%Y-%m-%d %H:%M")
    rows = [
        (say(language, "时间（北京）", "when (Beijing)"), at),
        (say(language, "来源", "source"), checked.request.source),
        (say(language, "日志", "log"), "-" if checkpoint is None else f"{checkpoint.origin}  {checkpoint.size}"),
        (say(language, "树根", "root"), "-" if checkpoint is None else checkpoint.root.hex()),
        (say(language, "证据清单 SHA-256", "SHA-256 of the list of evidence"), manifest.hex()),
        (say(language, "抽样种子", "seed"), checked.seed),
        (
            say(language, "签名", "signature"),
            say(language, "审计人员的数字签名", "the auditor's") if signed else say(language, "未签名", "not signed"),
        ),
    ]
    y: float = HEIGHT - 86
    for name, value in rows:
        page.text(_MARGIN, y, _SIZE, name)
        page.text(_MARGIN + 130, y, _SIZE, value[:90])
        y -= _LEADING + 1
    return y


def _chart(page: Page, checked: Checked, language: Language, top: float) -> float:
    """Put a bar for each day, or for each month of a longer time; return how far down it reached."""
    bars = _bars(list(checked.result.judge.tally.by_day()))
    if not bars:
        return top
    highest = max(count for _, count in bars)
    page.text(
        _MARGIN, top, _SIZE + 1, say(language, f"每日（月）条目数，最高 {highest}", f"entries, at most {highest}")
    )
    bottom, width = top - _CHART_HEIGHT, (WIDTH - 2 * _MARGIN) / len(bars)
    page.line(_MARGIN, bottom, WIDTH - _MARGIN, bottom)
    every = max(len(bars) // 8, 1)
    for number, (name, count) in enumerate(bars):
        x = _MARGIN + number * width
        page.bar(x + width * 0.1, bottom, min(width * 0.8, 40), (_CHART_HEIGHT - 16) * count / highest)
        if number % every == 0:
            page.text(x, bottom - 10, 6.5, name)
    return bottom - 32


def _bars(days: list[tuple[date, int]]) -> list[tuple[str, int]]:
    if not days:
        return []
    if (days[-1][0] - days[0][0]).days < _DAYS_MAX:
        return [(day.strftime("%m-%d"), count) for day, count in days]
    months: Counter[str] = Counter()
    for day, count in days:
        months[day.strftime("%Y-%m")] += count
    return sorted(months.items())[-_BARS_MAX:]


def _folded(line: str) -> Iterator[str]:
    """Cut a line into parts that fit the page."""
    part, columns = "", 0
    for word in _WORDS.findall(line):
        for piece in [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]:
            wide = len(piece) if piece < "\x7f" else 2 * len(piece)
            if columns + wide > _COLUMNS:
                yield part.rstrip()
                part, columns = " " * _INDENT, _INDENT
                if piece == " ":
                    continue
            part, columns = part + piece, columns + wide
    yield part
