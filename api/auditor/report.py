"""What the checker found, as text for people and as one JSON object."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from api.auditor.checking import Checked
from api.auditor.words import LISTS, Language, say, sentence
from verify.licence import ISSUER_ZONE
from verify.log_audit.findings import Weight, printable

LISTED_SHOWN: Final = 5
FOUND_SHOWN: Final = 100


def as_object(checked: Checked) -> dict[str, object]:
    """Return everything that was found, for JSON."""
    result = checked.result
    checkpoint, findings = result.checkpoint, result.findings
    return {
        "origin": None if checkpoint is None else checkpoint.origin,
        "size": None if checkpoint is None else checkpoint.size,
        "root": None if checkpoint is None else checkpoint.root.hex(),
        "checked_at": checked.at.isoformat(),
        "since": None if result.kept is None else result.kept.size,
        "first": result.first,
        "complete": result.is_complete,
        "witnesses": list(result.witnessed.names),
        "witnessed": result.witnessed.size,
        "compared": list(result.compared),
        "rows_compared": result.rows_compared,
        "kinds": {str(int(kind)): count for kind, count in result.judge.tally.totals().items()},
        "reports": sorted(result.reports),
        "counts": findings.counts,
        "findings": [{"code": each.code, "weight": each.weight.value, **each.params} for each in findings.found],
        "lists": findings.lists,
        "list_counts": findings.list_counts,
        "seed": checked.seed,
        "sample_root": checked.sample_root,
        "sample": list(result.judge.sample.drawn()),
        "files": [
            {"file": each.file, "sha256": each.digest.hex(), "leaves": list(each.places)} for each in checked.files
        ],
    }


def as_text(checked: Checked, language: Language) -> str:
    """Return the report for a person: first what was compared with the registry, then the log, then the lists."""
    return "\n".join((*_head(checked, language), *_found(checked, language), *_lists(checked, language)))


def _head(checked: Checked, language: Language) -> Iterator[str]:
    result = checked.result
    checkpoint, counts = result.checkpoint, result.findings.counts
    witnesses = " ".join(printable(each) for each in result.witnessed.names)
    failed, unknown = counts[Weight.FAILED.value], counts[Weight.UNKNOWN.value]
    mark = "✘" if failed else "？" if unknown else "✔"
    if checkpoint is None:
        yield say(language, f"{mark} 没有可信的检查点", f"{mark} No checkpoint that can be trusted")
        return
    yield say(
        language,
        f"{mark} 日志 {printable(checkpoint.origin)}：{checkpoint.size} 条，树根 {checkpoint.root.hex()[:16]}…；"
        f"不符 {failed} 处，未能核验 {unknown} 处",
        f"{mark} Log {printable(checkpoint.origin)}: {checkpoint.size} entries, root {checkpoint.root.hex()[:16]}…; "
        f"{failed} findings, {unknown} could not be checked",
    )
    yield say(
        language,
        f"  与登记、申请逐条比对 {result.rows_compared} 条；月报 {len(result.reports)} 份；"
        f"见证人 {witnesses or '无'}，见证至第 {result.witnessed.size} 条；签名文件 {len(checked.files)} 份",
        f"  {result.rows_compared} entries compared with registry and applications; {len(result.reports)} reports;"
        f" witnesses: {witnesses or 'none'}, of {result.witnessed.size} entries; {len(checked.files)} signed files",
    )
    if result.kept is None:
        yield say(
            language,
            "  ？ 没有上次的检查点，无法判断是否改写过",
            "  ? Nothing was kept before, so rewriting cannot be judged",
        )
    elif "kept" in result.compared or result.first:
        new = checkpoint.size - result.kept.size
        yield say(
            language,
            f"  ✔ 只增未改：上次的 {result.kept.size} 条原样，新增 {new} 条",
            f"  ✔ Append-only: the {result.kept.size} entries kept are unchanged, {new} are new",
        )


def _found(checked: Checked, language: Language) -> Iterator[str]:
    findings = checked.result.findings
    for each in findings.found[:FOUND_SHOWN]:
        mark = "✘" if each.weight is Weight.FAILED else "？"
        yield f"  {mark} {sentence(each.code, each.params, language)} [{each.code}]"
    rest = sum(findings.counts.values()) - min(len(findings.found), FOUND_SHOWN)
    if rest:
        yield say(language, f"  … 另有 {rest} 处", f"  … and {rest} more")


def _lists(checked: Checked, language: Language) -> Iterator[str]:
    result = checked.result
    for name, (zh, en) in LISTS.items():
        count = result.findings.list_counts.get(name, 0)
        if count:
            yield say(language, f"  • {zh}：{count}", f"  • {en}: {count}")
            for row in result.findings.lists[name][:LISTED_SHOWN]:
                yield "      " + "  ".join(f"{key}={_shown(key, value)}" for key, value in row.items())
    drawn = result.judge.sample.drawn()
    if drawn:
        root = checked.sample_root
        yield say(
            language,
            f"  • 抽样（种子 {checked.seed}，树根 {root[:16]}…）：{' '.join(map(str, drawn))}",
            f"  • sample (seed {checked.seed}, root {root[:16]}…): {' '.join(map(str, drawn))}",
        )


def _shown(key: str, value: str) -> str:
    if key == "time" and value.isdecimal():
        return datetime.fromtimestamp(int(value), UTC).astimezone(ISSUER_ZONE).strftime("%Y-%m-%dT%H:%M")
    return value
