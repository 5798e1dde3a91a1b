"""Figures of issuing: the whole way, the signature alone, the code alone."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import qrcode
from asn1crypto import keys as asn1_keys
from asn1crypto import pem, x509
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.figure import Figure, alternating
from bench.plain_way import PlainWay
from bench.town_of_bench import CHUNK, found_town, issue_chunks, private_key_pem
from registry.records import LicenceRecord
from signer.log_entries import intent
from signer.metadata import national_metadata
from signer.pades import assemble_cms, document_digest, embed, signed_attributes
from signer.page.press import PageRequest
from signer.page.qr import qr_matrix
from signer.page.seal_picture import draw_seal
from tests.town import BUREAU, FOOD, Town
from verify.key_purpose import KeyPurpose
from verify.licence import DataSet
from verify.mandate import Mandate

FONTS = Path(__file__).parent.parent / "signer" / "fonts"
LICENCES = 4 * CHUNK
PLAIN_LICENCES = 25
ROUNDS = 3
SHORT_ROUNDS = 12


def issue(folder: Path) -> Iterator[Figure]:
    """Licences a second, from saved drafts to filed licences, in chunks of 50, everything durable (SQLite, WAL,
    synchronous=FULL): use of the seal under its grant, token, QR code, page as PDF/A-3a and PDF/UA-1, PAdES B-T, intents
    and checkpoints of the log, own check, document in the vault, rows. The PDF alone, as the rival makes no OFD. The rival writes the same facts by Typst, `qrcode` with automatic mask and
    pyHanko's SimpleSigner with an in-process time stamp, one file and one durable commit a licence, and checks nothing.
    Best of three rounds in turn.
    """
    town, plain = _town_and_plain_way(folder)
    town.has_only(FOOD, "pdf")
    issue_chunks(town, town.drafts(CHUNK))
    text, record = _sample(town)
    plain.issue(record, text)
    ours, theirs = [], []
    for turn in range(ROUNDS):
        ours.append(_seconds_each(town, LICENCES))
        begin = time.perf_counter()
        for number in range(PLAIN_LICENCES):
            plain.issue({**record, "number": f"{turn}-{number}"}, text)
        theirs.append((time.perf_counter() - begin) / PLAIN_LICENCES)
    yield _ratio("issue", min(ours), min(theirs), goal=10, rival=f"Typst {version('typst')}, qrcode, pyHanko")


def both_bodies(folder: Path) -> Iterator[Figure]:
    """The rate of issuing licences in both bodies, PDF and sealed OFD, over that of the PDF alone, in chunks of 50,
    everything durable, the use of the seal taken and filed in both cases. Medians of twelve chunks of each in turn.
    """
    both, only = found_town(folder / "both"), found_town(folder / "only")
    only.has_only(FOOD, "pdf")
    for town in (both, only):
        issue_chunks(town, town.drafts(CHUNK))
    times = [(_seconds_each(both, CHUNK), _seconds_each(only, CHUNK)) for _ in range(SHORT_ROUNDS)]
    of_both, of_one = (statistics.median(each) for each in zip(*times, strict=True))
    yield Figure(
        name="both_bodies",
        value=of_one / of_both,
        unit="of the rate",
        goal=0.55,
        own=f"PDF and OFD: {of_both * 1000:.2f} ms ({1 / of_both:.0f}/s)",
        rival=f"PDF alone: {of_one * 1000:.2f} ms ({1 / of_one:.0f}/s)",
    )


def signature(folder: Path) -> Iterator[Figure]:
    """The B-T signature alone, put into a finished page: digest, signed attributes, custody with its check of the log
    receipt, time stamp, CMS, embedding; against pyHanko's PdfSigner on the Typst page. Median of five rounds in turn.
    """
    town, plain = _town_and_plain_way(folder)
    text, record = _sample(town)
    page = plain.page(record, text)
    sign = _own_signature(town)
    ours, theirs = alternating(_repeated(sign, 20), lambda: plain.sign(page), count=8)
    yield _ratio("signature", ours / 20, theirs, goal=40, rival=f"pyHanko {version('pyhanko')}")


def qr(folder: Path) -> Iterator[Figure]:
    """The QR code of a licence as a matrix: our writer against `qrcode` with the same mask and mixed segments given."""
    text, _ = _sample(found_town(folder))

    def by_library() -> None:
        head, digits = text.split("#")
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, mask_pattern=2, border=0)
        code.add_data(qrcode.util.QRData((head + "#").encode(), mode=qrcode.util.MODE_8BIT_BYTE))
        code.add_data(qrcode.util.QRData(digits.encode(), mode=qrcode.util.MODE_NUMBER))
        code.make(fit=True)

    ours, theirs = alternating(_repeated(lambda: qr_matrix(text), 10), by_library, count=10)
    yield _ratio("qr", ours / 10, theirs, goal=3, rival=f"qrcode {version('qrcode')}, fixed mask")


def _ratio(name: str, ours: float, theirs: float, *, goal: float, rival: str) -> Figure:
    return Figure(
        name=name,
        value=theirs / ours,
        unit="times",
        goal=goal,
        own=f"{ours * 1000:.2f} ms ({1 / ours:.0f}/s)",
        rival=f"{rival}: {theirs * 1000:.2f} ms ({1 / theirs:.1f}/s)",
    )


def _seconds_each(town: Town, count: int) -> float:
    """Issue so many food licences and return the seconds for each."""
    drafts = town.drafts(count)
    begin = time.perf_counter()
    issue_chunks(town, drafts)
    return (time.perf_counter() - begin) / count


def _repeated(act: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            act()

    return run


def _town_and_plain_way(folder: Path) -> tuple[Town, PlainWay]:
    town = found_town(folder / "town")
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    chain = [x509.Certificate.load(each) for each in town.desk.custody.chain(key)]
    _, _, der = pem.unarmor(private_key_pem(town, key))
    store = SimpleCertificateStore()
    store.register_multiple(chain)
    signer = signers.SimpleSigner(
        signing_cert=chain[0], signing_key=asn1_keys.PrivateKeyInfo.load(der), cert_registry=store
    )
    plain = PlainWay(
        folder / "plain",
        fonts=FONTS,
        signer=signer,
        timestamps=town.desk.timestamps,
        seal_png=draw_seal(town.bureau.name),
    )
    return town, plain


def _sample(town: Town) -> tuple[str, dict[str, object]]:
    """Return the text of a real code, and the facts of that licence for the plain way."""
    issued = town.issues(town.food_draft())
    data_set = DataSet.decode(issued.record.data_set)
    names = {each.short_name: each.name for each in town.types[FOOD].fields}
    record = {
        "title": town.types[FOOD].name,
        "number": issued.record.number,
        "issuer": town.bureau.name,
        "date": "2026年11月24日",
        "typed": issued.record.licence_id,
        "rows": [
            ["经营者名称", data_set.holder_name],
            ["统一社会信用代码", issued.record.holder_code],
            *([names[name], text] for name, text in data_set.fields.items()),
        ],
        "attach": json.dumps(dict(data_set.fields), ensure_ascii=False),
    }
    return issued.record.token_text, record


def _own_signature(town: Town) -> Callable[[], None]:
    desk, at = town.desk, town.now
    issued = town.issues(town.food_draft())
    record: LicenceRecord = issued.record
    draft = town.food_draft()
    data_set = DataSet.decode(record.data_set)
    licence_type = town.types[FOOD]
    unsigned = desk.press.render(
        PageRequest(
            licence_type=licence_type,
            data_set=data_set,
            draft=draft,
            department=town.bureau,
            token_text=record.token_text,
            photo=None,
            seal_png=draw_seal(town.bureau.name),
            metadata=national_metadata(draft, data_set, licence_type, town.bureau, issued_on=at.date()),
            created=at,
            test=False,
        )
    )
    key = desk.key(KeyPurpose.DOCUMENT, BUREAU)
    mandate = Mandate(item_code=draft.item_code, legal_basis=licence_type.legal_basis, role="issuing_officer")
    attributes = signed_attributes(desk.signer_parts(key), document_digest(unsigned), mandate)
    (receipt,) = desk.log.append((intent(KeyPurpose.DOCUMENT, desk.custody.public_key(key), attributes),))

    def sign() -> None:
        parts = desk.signer_parts(key)
        wanted = signed_attributes(parts, document_digest(unsigned), mandate)
        made = desk.custody.sign(key, wanted, receipt=receipt)
        timestamp = desk.timestamps.stamp(sha256(made).digest())
        embed(unsigned, assemble_cms(parts, wanted, made, timestamp=timestamp, receipt=receipt))

    return sign
