"""The drill after a theft: the thief signs a hundred perfect forgeries, all are refused; what was honest stays good.

The thief has a copy of the whole office as it was at the theft, with every key but that of the signing log (that one he
makes anew). So whatever he issues is signed by the right keys, with the right certificates, time stamps of the right
authority, true-looking proofs. Only the log does not have it. Another thief has the log's key, too: his proofs are those
of a branch, which no witness has seen.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.auditor.checking import check
from api.auditor.request import AuditRequest
from api.cli.offline import encode_public_key
from keys.custody import DEPLOYMENT, KeyName
from keys.softkeys import create_key
from registry import artefacts
from registry.db import Database, open_database, reading
from registry.licences import public_answer
from signer.issue import IssuedLicence
from signer.key_turns import cut_off
from signer.log_entries import licence_intent
from signer.log_files import FolderStore
from signer.proofs import prove_inclusion
from signer.publish import publish
from signer.trust_lists import renew_trust_list
from tests.town import BUREAU, FOOD, PASSPHRASE, PERSONS, FoundedTown, Town
from tests.witness_room import AUDIT, CITY, policy_text
from verify.algorithms import Algorithm, der_to_raw
from verify.brought_proof import with_proof
from verify.evidence import NOT_FOUND, Evidence
from verify.examine import examine, examine_text, with_registry
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.qr_token import decode_token, encode_token, to_be_signed
from verify.report import Check, Report
from verify.status import open_status_list
from verify.token_claims import ShortStatus, TokenClaims
from verify.values import LicenceId
from verify.verdict import Verdict

CODES, CODES_AFTER, WHOLE = 988, 88, 12
FORGED_CODES, FORGED_WHOLE = 92, 8
AT_ONCE = 200


@dataclass(frozen=True)
class Code:
    """A signed code and the proof that it was announced, as its holder keeps them."""

    text: str
    proof: str


@dataclass(frozen=True)
class Drill:
    """What there is on the day after: honest things, forgeries, and what everybody can check them with."""

    database: Database
    honest: tuple[Code, ...]
    honest_whole: tuple[IssuedLicence, ...]
    forged: tuple[Code, ...]
    forged_whole: tuple[IssuedLicence, ...]
    in_branch: tuple[IssuedLicence, Code]
    evidence: Evidence
    town: Town

    def by_file(self, code: Code) -> Report:
        report = examine_text(code.text, self.evidence, at=self.town.now)
        return with_proof(report, code.proof, self.evidence.trust, at=self.town.now) if code.proof else report

    def online(self, text: str) -> Report:
        report = examine_text(text, self.evidence, at=self.town.now)
        answer = public_answer(self.database, decode_token(text).claims.licence_id.text) or NOT_FOUND
        return with_registry(report, answer, replace(self.evidence, registry=answer), at=self.town.now)


def signed_codes(town: Town, like: TokenClaims, count: int) -> Iterator[Code]:
    """Sign codes of licences that nobody wrote down: logged first, as all codes are."""
    key = town.desk.key(KeyPurpose.CODE, BUREAU)
    public = town.desk.custody.public_key(key)
    named = {"algorithm": public.algorithm, "kid": public.kid}
    for start in range(0, count, AT_ONCE):
        claims = [
            like._replace(licence_id=LicenceId(secrets.token_bytes(10)))
            for _ in range(start, min(start + AT_ONCE, count))
        ]
        messages = [to_be_signed(each, **named) for each in claims]  # type: ignore[arg-type]
        drafts = [
            licence_intent(KeyPurpose.CODE, public, message, data_set_digest=bytes(32), licence_id=each.licence_id.text)
            for each, message in zip(claims, messages, strict=True)
        ]
        for each, message, receipt in zip(claims, messages, town.desk.log.append(drafts), strict=True):
            signature = der_to_raw(town.desk.custody.sign(key, message, receipt=receipt))
            text = encode_token(each, signature=signature, host=town.desk.settings.host, **named)  # type: ignore[arg-type]
            yield Code(text, receipt.to_text())


def whole(town: Town, count: int) -> tuple[IssuedLicence, ...]:
    done = town.issues_all(town.drafts(count))
    issued = [each for each in done if isinstance(each, IssuedLicence)]
    assert len(issued) == count
    return tuple(issued)


def stolen(town: Town, path: Path, folder: Path, *, has_log_key: bool = False) -> Town:
    """Copy the office; without the log's key, make that anew, and a trust list that names it."""
    database = folder / "registry.sqlite"
    with closing(sqlite3.connect(path)) as there, closing(sqlite3.connect(database)) as copy:
        there.backup(copy)
    shutil.copytree(town.folder / "keys", folder / "keys")
    if has_log_key:
        return Town.open(open_database(f"sqlite:///{database}"), folder, now=town.now)
    log_key = KeyName(KeyPurpose.CHECKPOINT, DEPLOYMENT)
    for each in (folder / "keys").glob(f"{log_key.text}*"):
        each.unlink()
    create_key(folder / "keys", PASSPHRASE, log_key, Algorithm.ED25519)
    thief = Town.open(open_database(f"sqlite:///{database}"), folder, now=town.now)
    renew_trust_list(thief.key_desk, at=thief.now)
    return thief


@pytest.fixture(scope="module")
def drill(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("office")
    path = folder / "registry.sqlite"
    shutil.copyfile(founded_on_sqlite.folder / founded_on_sqlite.template, path)
    shutil.copytree(founded_on_sqlite.folder / "keys", folder / "keys")
    database = open_database(f"sqlite:///{path}")
    town = Town.open(database, folder)
    town.has_only(FOOD, "pdf")
    honest_whole = whole(town, WHOLE)
    like = decode_token(honest_whole[0].record.token_text).claims
    honest = tuple(signed_codes(town, like, CODES - CODES_AFTER))

    thief = stolen(town, path, tmp_path_factory.mktemp("thief"))
    forged_whole = whole(thief, FORGED_WHOLE)
    forged = tuple(signed_codes(thief, like, FORGED_CODES))
    thief.database.close()
    branch = stolen(town, path, tmp_path_factory.mktemp("thief-of-all"), has_log_key=True)
    in_branch = (whole(branch, 1)[0], *signed_codes(branch, like, 1))
    branch.database.close()
    honest += tuple(signed_codes(town, like, CODES_AFTER))  # the office goes on until it notices

    town.clock.moves(timedelta(minutes=5))  # every date on a forgery lies before that of the cut-off
    for purpose in (KeyPurpose.CODE, KeyPurpose.DOCUMENT):
        cut_off(town.key_desk, town.desk.key(purpose, BUREAU), size=None, persons=PERSONS, at=town.now)
    town.publishes()
    yield Drill(database, honest, honest_whole, forged, forged_whole, in_branch, _evidence(town, like), town)
    database.close()


def _evidence(town: Town, like: TokenClaims) -> Evidence:
    """Return what a stranger has on the day after: the newest trust list, revocation and status lists."""
    evidence = town.evidence()
    assert evidence.trust is not None
    assert isinstance(like.status, ShortStatus)
    trust, number = evidence.trust, str(like.status.list_number)
    with reading(town.database) as tx:
        content = artefacts.latest(tx, "status_list", number)
    assert content is not None
    uri = f"{town.desk.settings.status_prefix}{number}"
    use = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
    opened = open_status_list(content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, use)])
    return replace(evidence, status_lists={uri: opened})


def test_a_thousand_honest_ones_stay_good_by_file(drill: Drill) -> None:
    verdicts = {drill.by_file(each).verdict for each in drill.honest}
    files = [examine(each.document, drill.evidence, at=drill.town.now) for each in drill.honest_whole]

    assert len(drill.honest) + len(files) == 1_000
    assert verdicts == {Verdict.VALID}
    assert {report.verdict for report in files} == {Verdict.VALID}


def test_a_hundred_forgeries_are_refused_by_file_whatever_comes_with_them(drill: Drill) -> None:
    borrowed = drill.honest[0].proof
    bare = {drill.by_file(replace(each, proof="")).verdict for each in drill.forged}
    own = {drill.by_file(each).verdict for each in drill.forged}
    of_another = {drill.by_file(replace(each, proof=borrowed)).verdict for each in drill.forged}
    files = {examine(each.document, drill.evidence, at=drill.town.now).verdict for each in drill.forged_whole}

    assert len(drill.forged) + len(drill.forged_whole) == 100
    assert bare == own == of_another == {Verdict.STATUS_UNKNOWN}, "a code of this key is good with its proof alone"
    assert files == {Verdict.NOT_IN_LOG}


def test_an_auditor_finds_all_forgeries_in_a_folder_and_no_honest_file(drill: Drill, tmp_path: Path) -> None:
    publish(drill.database, drill.town.desk.log.verifier, FolderStore(tmp_path / "published"))
    root = drill.town.desk.custody.public_key(drill.town.desk.key(KeyPurpose.TRUST_LIST, DEPLOYMENT)).spki
    (tmp_path / "root.pem").write_bytes(encode_public_key(root))
    brought = tmp_path / "brought"
    brought.mkdir()
    for kind, whole_ones, codes in (
        ("honest", drill.honest_whole, drill.honest[:20]), ("forged", drill.forged_whole, drill.forged)
    ):  # fmt: skip
        for number, each in enumerate(whole_ones):
            (brought / f"{kind}-{number}.pdf").write_bytes(each.document)
        for number, code in enumerate(codes):
            (brought / f"{kind}-{number}.txt").write_text(code.text)
    request = AuditRequest(source=str(tmp_path / "published"), roots=(tmp_path / "root.pem",), licences=(brought,))

    checked = check(request, at=drill.town.now, progress=lambda _done, _all: None)

    named = [
        (each.code, Path(each.params["file"]).name)
        for each in checked.result.findings.found
        if "expected" in each.params
    ]
    assert {code for code, _ in named} == {"checker.file_unlogged"}
    assert {name for _, name in named} == {each.name for each in brought.glob("forged-*")}
    assert len(named) == 100


def test_without_the_cut_off_nobody_could_tell_the_forged_codes_from_honest_ones(drill: Drill) -> None:
    trust = drill.evidence.trust
    assert trust is not None
    keys = {
        issuer.issuer: tuple(replace(key, cut_off=None) for key in issuer.keys if key.use == 1)
        for issuer in trust.issuers
    }
    before = replace(trust, issuers=tuple(replace(each, keys=keys[each.issuer]) for each in trust.issuers))
    evidence = replace(drill.evidence, trust=before)

    verdicts = {examine_text(each.text, evidence, at=drill.town.now).verdict for each in drill.forged}

    assert verdicts == {Verdict.VALID}


def test_online_the_registry_knows_the_honest_ones_and_none_of_the_forged(drill: Drill) -> None:
    honest = {drill.online(each.record.token_text).verdict for each in drill.honest_whole}
    forged = {drill.online(each.text).verdict for each in drill.forged}
    forged |= {drill.online(each.record.token_text).verdict for each in drill.forged_whole}

    assert honest == {Verdict.VALID}
    assert forged == {Verdict.NOT_FOUND}


def test_who_stole_the_key_of_the_log_as_well_has_no_witness_and_no_registry(drill: Drill) -> None:
    trust, verifier = drill.evidence.trust, drill.town.desk.log.verifier
    assert trust is not None
    asking = replace(drill.evidence, trust=replace(trust, log_policy=policy_text(verifier)))
    watched = replace(drill, evidence=asking)
    forged, code = drill.in_branch
    honest = drill.honest_whole[0]
    own = prove_inclusion(drill.database, verifier.name, honest.record.document_leaf)
    assert own is not None
    witnessed = own.to_text() + "".join(each.line(own.note, drill.town.now) for each in (AUDIT, CITY))

    by_file = [examine(each.document, asking, at=drill.town.now) for each in (forged, honest)]
    shown = with_proof(by_file[1], witnessed, asking.trust, at=drill.town.now)

    assert {report.verdict for report in (*by_file, watched.by_file(code))} == {Verdict.STATUS_UNKNOWN}
    assert {each.code for report in by_file for each in report.findings if each.check is Check.LOG} == {
        "log.cut_off_unwitnessed"
    }
    assert shown.verdict is Verdict.VALID, "the honest one is good with a proof that witnesses have seen"
    assert {watched.online(text).verdict for text in (code.text, forged.record.token_text)} == {Verdict.NOT_FOUND}
    assert watched.online(honest.record.token_text).verdict is Verdict.VALID
