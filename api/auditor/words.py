"""What the checker says, in both languages; no message catalogue, for the one file carries no library for them.

Promises: every code that the checker can find has a sentence here, with its place and what was expected (a test reads
the source for codes).
"""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]

FINDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "checker.file_missing": ("缺少文件 {file}（起于第 {index} 条）", "{file} is missing (from entry {index} on)"),
    "checker.tile_changed": (
        "{file} 第 {place} 个哈希不对：应为 {expected}，实为 {found}",
        "hash {place} of {file} is wrong: expected {expected}, found {found}",
    ),
    "checker.tile_malformed": (
        "{file} 大小不对：应为 {expected}，实为 {found}",
        "{file} has a wrong size: expected {expected}, found {found}",
    ),
    "checker.entry_changed": (
        "{file} 中第 {index} 条被改动：哈希应为 {expected}，实为 {found}",
        "entry {index} in {file} was changed: its hash should be {expected}, it is {found}",
    ),
    "checker.leaf_differs": (
        "{file} 中第 {index} 条与哈希块不一致，且两者都与上层不符：块中 {expected}，条目 {found}",
        "entry {index} in {file} and its tile disagree, and neither fits the level above: {expected} and {found}",
    ),
    "checker.bundle_malformed": (
        "{file} 无法拆成条目，错在第 {index} 条附近",
        "{file} cannot be cut into entries; it goes wrong at entry {index}",
    ),
    "checker.stopped": (
        "{file} 及其哈希块都缺失，核验止于第 {index} 条",
        "{file} and its tiles are missing; the check ends at entry {index}",
    ),
    "checker.checkpoint_wrong": (
        "{file} 不是本日志签名的检查点：{found}",
        "{file} is no checkpoint of this log: {found}",
    ),
    "checker.bundle_other": (
        "{file} 与以前核过的不同，或已读不出（起于第 {index} 条）",
        "{file} is not what it was when it was gone through, or cannot be read (from entry {index} on)",
    ),
    "checker.root_other": (
        "由全部条目重算的树根 {found} 与 {file} 签名的 {expected} 不符",
        "the root of all entries is {found}, and {file} signs {expected}",
    ),
    "checker.kept_wrong": ("上次保存的检查点读不出：{found}", "the kept checkpoint cannot be read: {found}"),
    "checker.kept_other": (
        "上次的检查点（{index} 条，树根 {expected}）属另一本日志或另一密钥，本日志（{found}）并非其续接。请保留两份",
        "the kept checkpoint ({index} entries, root {expected}) is another log's or key's; here {found}. Keep both",
    ),
    "checker.kept_place": (
        "上次保存的位置读不出，从头核验",
        "the kept place cannot be read; checked from the beginning",
    ),
    "checker.shrunk": (
        "日志变短：上次 {expected} 条，现在 {found} 条",
        "the log shrank: {expected} entries were kept, {found} are left",
    ),
    "checker.rewritten": (
        "日志被改写：从第 {index} 条所在的文件起与上次不同（树根应为 {expected}，实为 {found}）",
        "the log was rewritten from the file of entry {index} on (root kept {expected}, now {found})",
    ),
    "checker.fork": (
        "日志分叉：{file} 有同一密钥签名的检查点，{index} 条，树根 {expected}，与本日志的 {found} 不符。请保留两份",
        "the log forked: {file} shows, by the same key, {index} entries with root {expected}; here {found}. Keep both",
    ),
    "checker.shown_wrong": ("{file} 不是本日志的检查点：{found}", "{file} is no checkpoint of this log: {found}"),
    "checker.shown_other": ("{file} 是另一本日志 {found} 的检查点", "{file} is a checkpoint of another log, {found}"),
    "checker.shown_ahead": (
        "{file} 已有 {found} 条，公布的只有 {expected} 条：公布滞后，或有所隐瞒",
        "{file} knows {found} entries, published are {expected}: late, or hidden",
    ),
    "checker.not_compared": (
        "{file} 的检查点（{index} 条）未能比对",
        "the checkpoint of {file} ({index} entries) was not compared",
    ),
    "checker.records_none": (
        "没有登记记录：日志与登记、申请的比对未做（--records）",
        "no records of the registry: leaves were not compared with rows and applications (--records)",
    ),
    "checker.records_wrong": ("登记记录不可信：{found}", "the registry's records cannot be trusted: {found}"),
    "checker.records_other": (
        "登记记录属于另一本日志：{found}，本次为 {expected}",
        "the records belong to another log: {found}, this one is {expected}",
    ),
    "checker.records_root": (
        "登记记录所依的树根（{index} 条）{expected} 与日志的 {found} 不符",
        "the records name root {expected} for {index} entries, the log's is {found}",
    ),
    "checker.records_short": (
        "登记记录只到第 {found} 条，日志有 {expected} 条：其后的未比对",
        "the records end at entry {found}, the log has {expected}: what follows was not compared",
    ),
    "checker.records_ahead": (
        "登记记录到第 {expected} 条，公布的只有 {found} 条：其后的记录、树根与总数未能比对，请待公布后再核",
        "the records end at entry {expected}, published are {found}: root, totals and later rows wait to be compared",
    ),
    "checker.records_dated": (
        "登记记录称作于 {found}，其最后一条却为 {expected}（Unix 时间）：时间不实，或晚于本次核验",
        "the records say that they are of {found}, and their last entry is of {expected} (unix time): dated falsely",
    ),
    "checker.records_gap": (
        "第 {index} 至 {expected} 条从未与登记、申请比对：请不用 --only-new 再核一次",
        "entries from {index} up to {expected} were never compared with the registry: check once without --only-new",
    ),
    "checker.trust_unlogged": (
        "信任名单的签名（摘要 {expected}）不在日志中：未经登记的签发，或根密钥失窃",
        "the trust list's signature is not in the log (digest {expected}): made outside, or with a stolen root key",
    ),
    "checker.trust_older": (
        "信任名单为第 {found} 版，上次已见第 {expected} 版：其后的作废可能被隐去",
        "the trust list is number {found}, and number {expected} was seen before: what was cut off since may be hidden",
    ),
    "checker.records_malformed": (
        "登记记录在第 {index} 条处无法读：{found}",
        "the records cannot be read at entry {index}: {found}",
    ),
    "checker.entry_malformed": (
        "{file} 中第 {index} 条不合格式：{expected}",
        "entry {index} in {file} is not of its form: {expected}",
    ),
    "checker.time_order": (
        "{file} 中第 {index} 条时间倒退：前一条 {expected}，本条 {found}",
        "entry {index} in {file} goes back in time: {expected} before, then {found}",
    ),
    "checker.time_impossible": (
        "{file} 中第 {index} 条的时间 {found} 不可能：早于任何日志，或晚于本次核验（{expected}）",
        "entry {index} in {file} has a time that cannot be, {found}: before any log, or after this check ({expected})",
    ),
    "checker.genesis": (
        "{file} 中第 {index} 条：名称起止不合规矩（应接 {expected}）",
        "entry {index} in {file}: a name begins or ends where it must not (expected {expected})",
    ),
    "checker.link_wrong": (
        "{file} 中第 {index} 条所接的旧日志不对：树根应为 {expected}，实为 {found}",
        "entry {index} in {file} links another log than the one before it: root {expected} expected, {found} found",
    ),
    "checker.closed_missing": (
        "缺少 {file}：旧名 {expected} 下的最后检查点（{index} 条）未能核对",
        "{file} is missing: the last checkpoint under the earlier name {expected} ({index} entries) was not compared",
    ),
    "checker.closed_wrong": (
        "{file} 不是旧日志的最后检查点：应为 {expected}，实为 {found}。请保留",
        "{file} is not the last checkpoint of the earlier log: expected {expected}, found {found}. Keep it",
    ),
    "checker.list_wrong": ("名单 {file} 不可信：{found}", "the list {file} cannot be trusted: {found}"),
    "checker.list_authority": (
        "名单 {file} 由信任名单以外的机构签名，未能核对",
        "the list {file} is by an authority that the trust list does not have: not checked",
    ),
    "checker.list_expired": ("名单 {file} 已于 {found} 到期", "the list {file} ended at {found}"),
    "checker.list_older": (
        "名单 {file} 比上次见到的旧：上次 {expected}，现在 {found}（Unix 时间）",
        "the list {file} is older than the one seen before: {expected} then, {found} now (unix time)",
    ),
    "checker.list_gone": ("上次见到的名单 {file} 不见了", "the list {file} was there before, and is gone"),
    "checker.status_differs": (
        "{file} 第 {index} 位为 {found}，日志所记的变更应使其为 {expected}",
        "place {index} of {file} says {found}, and after its last act in the log it is {expected}",
    ),
    "checker.status_behind": (
        "{file} 缺失或早于日志中的变更（变更 {expected}，名单 {found}）：未能比对",
        "{file} is missing or older than an act in the log (act {expected}, list {found}): not compared",
    ),
    "checker.name_other": (
        "日志最后的名称为 {expected}，{file} 却署名 {found}",
        "the log's last name is {expected}, and {file} is signed as {found}",
    ),
    "checker.abandoned_other": (
        "第 {index} 条放弃的不是第 {found} 条（摘要应为 {expected}）",
        "entry {index} gives up something that entry {found} is not (digest {expected})",
    ),
    "checker.abandoned_unread": (
        "第 {index} 条放弃第 {found} 条，后者读不出",
        "entry {index} gives up entry {found}, which cannot be read",
    ),
    "checker.abandoned_unlogged": (
        "登记称第 {index} 条已放弃，日志未记",
        "the registry says that entry {index} was given up, the log does not",
    ),
    "checker.intent_open": (
        "第 {index} 条的签名意向一天以后仍未归档、也未放弃（{found}）：其签名可能已被使用",
        "the intent of entry {index} is neither filed nor given up a day later ({found}): its signature may be in use",
    ),
    "checker.intent_unread": (
        "第 {index} 条的签名意向上次未了结，现在读不出",
        "the intent of entry {index} was still open last time, and cannot be read now",
    ),
    "checker.too_many": (
        "不同的 {what} 超过 {expected} 种：超出的合并计数，月报无法逐项比对",
        "more than {expected} different {what}: the others are counted as one, and no report can be held against them",
    ),
    "checker.abandoned_filed": (
        "日志已放弃第 {index} 条，登记却未放弃：放弃之后仍用了签名",
        "the log gave up entry {index}, and the registry did not: its signature was used all the same",
    ),
    "checker.use_missing": (
        "第 {index} 条用了印章，登记没有这次用印",
        "entry {index} used a seal, and no use is on record",
    ),
    "checker.row_missing": (
        "第 {index} 条（{what}）在登记中没有对应：可能是内部伪造",
        "entry {index} ({what}) has no row in the registry: perhaps a forgery from inside",
    ),
    "checker.row_lost": (
        "第 {index} 条（{what}）由恢复找回，登记中的对应已丢失：请凭原件核对",
        "entry {index} ({what}) came back by a recovery and its row is lost: compare it with the papers",
    ),
    "checker.row_differs": (
        "第 {index} 条与登记不符（{what}）：日志 {expected}，登记 {found}",
        "entry {index} and the registry differ ({what}): log {expected}, registry {found}",
    ),
    "checker.record_missing": (
        "第 {index} 条（{what}）没有对应的记录",
        "entry {index} ({what}) has no record",
    ),
    "checker.record_other": (
        "第 {index} 条的记录被改动：摘要应为 {expected}，实为 {found}",
        "the record of entry {index} was changed: digest {expected} expected, {found} found",
    ),
    "checker.application_missing": (
        "第 {index} 条（{what}）没有申请：可能是内部伪造",
        "entry {index} ({what}) has no application: perhaps a forgery from inside",
    ),
    "checker.application_late": (
        "第 {index} 条先于申请：签发 {expected}，申请 {found}",
        "entry {index} is older than its application: signed {expected}, applied {found}",
    ),
    "checker.licence_twice": (
        "第 {index} 条：其 {what} 已用于第 {expected} 条的签发，一份只能签发一次",
        "entry {index}: its {what} led entry {expected} to be signed already, and is good for one alone",
    ),
    "checker.licence_other": (
        "第 {index} 条与第 {place} 条属同一证照，{what} 却不同：{expected}，{found}",
        "entry {index} is of the licence of entry {place}, and its {what} is another: {expected}, {found}",
    ),
    "checker.licence_codeless": (
        "第 {index} 条（{what}）所签的证照从未签过二维码",
        "entry {index} ({what}) is of a licence for which no code was ever signed",
    ),
    "checker.licence_unbound": (
        "第 {index} 条的 {what} 是否只用过一次，未能核对",
        "whether the {what} of entry {index} was used only once could not be checked",
    ),
    "checker.key_other_use": (
        "第 {index} 条以 {what} 为用途，其密钥 {found} 却是 {expected} 的密钥",
        "entry {index} says {what}, and its key {found} is one for {expected}",
    ),
    "checker.key_unlisted": (
        "信任名单没有第 {index} 条所用的密钥 {found}：属于哪个部门未能核对",
        "the trust list does not have the key {found} of entry {index}: whose it is could not be checked",
    ),
    "checker.row_unrecovered": (
        "登记称第 {index} 条由恢复找回，日志中没有包含它的恢复：可能是内部伪造",
        "the registry says that a recovery brought entry {index} back, and the log tells of none: perhaps a forgery",
    ),
    "checker.rows_without_leaf": (
        "登记有 {what} {expected} 条，日志引到的只有 {found} 条",
        "the registry has {expected} rows ({what}), the log leads to {found}",
    ),
    "checker.row_beyond": (
        "登记记录有第 {index} 条的 {what}，而其日志只有 {expected} 条",
        "the records have a row ({what}) of entry {index}, and their log has {expected} entries",
    ),
    "checker.rows_uncounted": (
        "上次没有计数：登记总数未能与日志比对，请不用 --only-new 再核一次",
        "nothing was counted last time: the registry's totals were not compared; check once without --only-new",
    ),
    "checker.row_unlogged": (
        "登记中的 {what}（{found}）超过一天未进日志",
        "a row of the registry ({what}, {found}) has been waiting for the log for more than a day",
    ),
    "checker.report_wrong": ("月报 {file} 不可信：{found}", "the report {file} cannot be trusted: {found}"),
    "checker.report_other": (
        "月报 {file} 属于 {found}，应为 {expected}",
        "the report {file} is of {found}, expected {expected}",
    ),
    "checker.report_range": (
        "月报 {file} 称日志至少有 {found} 条，实有 {expected} 条",
        "the report {file} speaks of {found} entries, the log has {expected}",
    ),
    "checker.report_root": (
        "月报 {file} 的树根（{index} 条）{expected} 与日志的 {found} 不符",
        "the report {file} names root {expected} for {index} entries, the log's is {found}",
    ),
    "checker.report_missing": ("缺月报 {file}", "the report {file} is missing"),
    "checker.report_unlogged": (
        "月报 {file} 的签名未进日志（摘要 {expected}）",
        "the signature of the report {file} is not in the log (digest {expected})",
    ),
    "checker.report_partly": (
        "月报 {file} 起于第 {index} 条，在本次核验之前：未比对",
        "the report {file} begins at entry {index}, before this check: not compared",
    ),
    "checker.report_first": (
        "月报 {file} 称当月起于第 {found} 条，实为第 {expected} 条",
        "the report {file} begins its month at entry {found}, it is {expected}",
    ),
    "checker.report_count": (
        "月报 {file} 的数目不符（{what}）：日志 {expected}，月报 {found}",
        "the report {file} counts otherwise ({what}): log {expected}, report {found}",
    ),
    "checker.cosignature_wrong": (
        "{file} 中已知见证人的签名不对：{found}",
        "a known witness's signature in {file} is wrong: {found}",
    ),
    "checker.witness_none": (
        "没有见证人规则，{file} 未经见证：无法排除对不同的人出示不同的日志",
        "no witnesses are named for {file}: nobody can say whether others are shown another log",
    ),
    "checker.witness_few": (
        "{file} 的见证不够：要求 {expected}，已见证的有 {found}",
        "{file} has too few witnesses: the quorum is {expected}, there are {found}",
    ),
    "checker.witness_late": (
        "{file}：见证至第 {index} 条止，其后首条时间 {found}，逾 24 小时未达见证法定数（{expected}）",
        "{file}: the quorum {expected} has seen {index} entries; the next one, of {found}, waits for over 24 hours",
    ),
    "checker.witness_away": ("见证人 {file} 问不到：{found}", "the witness {file} could not be asked: {found}"),
    "checker.file_unlogged": (
        "{file} 的签名不在日志中（摘要 {expected}）：未经登记的签发，或密钥失窃",
        "the signature of {file} is not in the log (digest {expected}): made outside, or with a stolen key",
    ),
    "checker.file_given_up": (
        "{file} 的签名意向（第 {index} 条）已被放弃，从未归档：不应存在；若属恢复备份所致，请凭原件核对",
        "the intent of {file} (entry {index}) was given up and never filed: compare it with the papers",
    ),
    "checker.file_unread": (
        "{file} 的签名意向（第 {index} 条）读不出，其密钥是否作废未知",
        "the intent of {file} (entry {index}) cannot be read, so nobody knows whether its key was cut off",
    ),
    "checker.file_cut_off": (
        "{file} 在第 {index} 条，其密钥自第 {expected} 条起作废",
        "{file} stands at entry {index}, and its key is cut off at {expected}",
    ),
    "checker.file_other_key": (
        "{file} 由密钥 {found} 签名，第 {index} 条的意向却是密钥 {expected} 的",
        "{file} is signed by key {found}, and the intent of entry {index} is one of key {expected}",
    ),
    "checker.file_other_purpose": (
        "{file} 是 {found} 的签名，第 {index} 条的意向却写作 {expected}：以别的用途登记的签发",
        "{file} bears a signature for {found}, and entry {index} announces one for {expected}: hidden as such",
    ),
    "checker.file_other_use": (
        "{file} 由密钥 {found} 签名，信任名单没有把它用于 {expected}（第 {index} 条）",
        "{file} is signed by key {found}, which the trust list has for something else than {expected} (entry {index})",
    ),
    "checker.file_changed": (
        "{file} 不是当时所签的内容：{found}",
        "{file} is not what was signed: {found}",
    ),
    "checker.file_unproven": (
        "{file} 是否仍为当时所签、由谁所签，未能核对：{found}",
        "whether {file} is what was signed, and by whom, could not be checked: {found}",
    ),
    "checker.file_unsigned": (
        "{file} 中没有认得的签名，或有认不出的签名（{found} 个），无法断定是否都在日志中",
        "{file} has no signature, or some that cannot be read ({found}): whether the log has all is not known",
    ),
    "checker.trust_expired": (
        "信任名单已于 {found} 到期：其后的作废可能未计入",
        "the trust list ended at {found}: what was cut off later is not known",
    ),
}
"""Sentences of findings, by their codes."""

LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "outside_hours": ("办公时间以外的用印、用钥和变更", "uses of keys, and changes, outside office hours"),
    "abandoned": ("放弃的签名意向", "signing intents that were given up"),
    "open": ("未了结的签名意向", "signing intents still open"),
    "key_uses": (
        "证照以外的密钥使用（证书、名单、印章制作）",
        "keys used for other things (certificates, lists, seals)",
    ),
    "same_person": ("经办与审批为同一人", "one person in two roles"),
    "unreviewed": ("无人审批的证照（类型不需，或记录已缺）", "licences without a second person (none needed, or gone)"),
    "no_reason": ("没有理由的状态变更", "changes of state without a reason"),
    "forgotten": ("记录已依法销毁的变更", "changes whose records were destroyed"),
    "waiting": ("尚未进日志的事项", "acts that wait for the log"),
}
"""Titles of what a person should look at."""


def sentence(code: str, params: Mapping[str, str], language: Language) -> str:
    """Return the sentence of a finding, with its values."""
    zh, en = FINDINGS[code]
    return (zh if language == "zh" else en).format_map({**dict.fromkeys(_NAMES, "?"), **params})


def say(language: Language, zh: str, en: str) -> str:
    """Return the sentence in the person's language."""
    return zh if language == "zh" else en


_NAMES: Final = ("file", "index", "place", "expected", "found", "what")
