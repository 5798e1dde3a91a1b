"""Small OFDs of the form that our page writer makes, without a page worth seeing, sealed with the keys of a key room.

The form is that of signer/page/ofd.py: the same files in the same order, one page with the texts of the index. A test
changes one thing and sees what the reader says of it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from keys.revocation import RevocationList, RevokedCertificate, assemble_revocation_list, tbs_revocation_list
from signer.page.ofd import Stamp, UnsignedOfd
from signer.page.ofd_seal import PreparedOfd, assemble_ofd, prepare_ofd_seal
from signer.page.ofd_words import part
from signer.page.ofd_zip import OfdPart
from signer.page.packed import Packed
from tests.key_room import AUTHORITY, BUREAU, NATIONAL_AUTHORITY, NOW, SEAL, SEAL_MAKER, KeyRoom
from tests.small_pdf import DATA_SET, MANDATE, TYPE_CODE
from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.note import verifier_key_text
from verify.seal_encoding import (
    SealDraft,
    assemble_seal,
    assemble_seal_signature,
    seal_signature_to_be_signed,
    seal_to_be_signed,
)
from verify.seal_objects import Picture
from verify.sm2 import sm3
from verify.trust import TrustedIssuer, TrustedKey, TrustList

SEAL_NAME = "测试市行政审批局证照专用章"
CODE_TEXT = b"https://zz.test.example/v/0000000000000000#1123"
METADATA: Mapping[str, str] = {
    "ZZMC": "食品经营许可证",
    "ZZLXDM": TYPE_CODE,
    "ZZBH": DATA_SET.number,
    "ZZBS": DATA_SET.identifier.text,
    "ZZBFJG": "测试市行政审批局",
    "ZZBFRQ": "20260318",
    "CZZT": DATA_SET.holder_name,
    "CZZTDM": DATA_SET.holder_uscc or "",
    "ZZYXQQSRQ": "20260318",
    "ZZYXQJZRQ": "20310317",
    **DATA_SET.fields,
}
SHOWN: Mapping[str, str] = {
    "CZZT": DATA_SET.holder_name,
    "KZ_ADDRESS": "江苏省苏州市平江路1号",
    "ZZBFRQ": "2026年3月18日",
    "ZZBH": DATA_SET.number,
}
"""What the small page shows, by the name of the item in the index."""


def metadata_bytes(items: Mapping[str, str]) -> bytes:
    return json.dumps(dict(items), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def page_xml(shown: Mapping[str, str]) -> str:
    texts = "".join(
        f'<ofd:TextObject ID="{number}" Boundary="20 {10 * place} 100 8" Font="1" Size="4">'
        f'<ofd:TextCode X="0" Y="4">{text}</ofd:TextCode></ofd:TextObject>'
        for place, (number, text) in enumerate(zip(range(4, 4 + len(shown)), shown.values(), strict=True), 1)
    )
    return (
        "<ofd:Area><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:Area>"
        f'<ofd:Content><ofd:Layer ID="3" Type="Body">{texts}</ofd:Layer></ofd:Content>'
    )


def ofd_parts(
    *,
    details: Mapping[str, str] = METADATA,
    metadata: Mapping[str, str] = METADATA,
    shown: Mapping[str, str] = SHOWN,
    data_set: bytes = DATA_SET.encode(),
) -> tuple[OfdPart, ...]:
    """Return the parts of a small OFD; each argument is what one of its places says."""
    items = "".join(f'<ofd:CustomData Name="{name}">{text}</ofd:CustomData>' for name, text in sorted(details.items()))
    index = "".join(
        f'<ofd:{name}><ofd:ObjectRef PageRef="2">{number}</ofd:ObjectRef></ofd:{name}>'
        for number, name in enumerate(shown, 4)
    )
    files = {CODE_FILE: CODE_TEXT, DATA_SET_FILE: data_set, METADATA_FILE: metadata_bytes(metadata)}
    listed = "".join(
        f'<ofd:Attachment ID="att{place}" Name="{name}"><ofd:FileLoc>{name}</ofd:FileLoc></ofd:Attachment>'
        for place, name in enumerate(sorted(files), 1)
    )
    document = (
        "<ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>"
        "</ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        '</ofd:CommonData><ofd:Pages><ofd:Page ID="2" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
    )
    about = (
        f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>{'ab' * 16}</ofd:DocID><ofd:CustomDatas>{items}</ofd:CustomDatas>"
        "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
    )
    tag = '<ofd:CustomTag TypeID="elicence"><ofd:FileLoc>Tag_elicence.xml</ofd:FileLoc></ofd:CustomTag>'
    return (
        OfdPart("OFD.xml", part("OFD", about, ' Version="1.0" DocType="OFD"')),
        OfdPart("Doc_0/Document.xml", part("Document", document)),
        OfdPart("Doc_0/PublicRes.xml", part("Res", "", ' BaseLoc="Res"')),
        OfdPart("Doc_0/DocumentRes.xml", part("Res", "", ' BaseLoc="Res"')),
        OfdPart("Doc_0/Pages/Page_0/Content.xml", part("Page", page_xml(shown))),
        OfdPart("Doc_0/Tags/CustomTags.xml", part("CustomTags", tag)),
        OfdPart("Doc_0/Tags/Tag_elicence.xml", part("Elicence", index)),
        OfdPart("Doc_0/Attachs/Attachments.xml", part("Attachments", listed)),
        *[OfdPart(f"Doc_0/Attachs/{name}", Packed(content)) for name, content in sorted(files.items())],
        OfdPart("Doc_0/Res/font_1.ttf", Packed(b"\x00\x01\x00\x00 no font")),
    )


@dataclass(kw_only=True)
class OfdRoom:
    """A key room with a seal, which seals small OFDs, and the trust list by which they are judged.

    `signed_at` is what the signer writes; the log's clock stands at `NOW`.
    """

    office: KeyRoom
    signed_at: datetime = NOW
    mandate: Mandate | None = MANDATE
    issuers: tuple[str, ...] = (BUREAU,)
    keys: tuple[TrustedKey, ...] = ()
    seal: bytes = field(default=b"", repr=False)

    @classmethod
    def found(cls, office: KeyRoom) -> "OfdRoom":
        """Make the seal of an office that has its keys."""
        room = cls(office=office)
        room.seal = room.make_seal()
        return room

    @property
    def certificate(self) -> bytes:
        """The certificate of the seal's key."""
        return self.office.custody.chain(SEAL)[0]

    @property
    def trust(self) -> TrustList:
        """The trust list that names office, both authorities and log."""
        verifier = self.office.verifier
        authorities = (self.office.custody.chain(AUTHORITY)[0], self.office.custody.chain(NATIONAL_AUTHORITY)[0])
        return TrustList(
            sequence=1,
            issued_at=NOW - timedelta(days=1),
            expires_at=NOW + timedelta(days=29),
            issuers=tuple(
                TrustedIssuer(
                    issuer=each,
                    name="测试市行政审批局",
                    keys=self.keys,
                    status_prefix="https://zz.test.example/s/",
                    licence_types=(TYPE_CODE,),
                )
                for each in self.issuers
            ),
            log_policy=f"log {verifier_key_text(verifier.name, verifier.public)}\nquorum none\n",
            authorities=authorities,
        )

    def crl(self, *revoked: RevokedCertificate, next_at: datetime = NOW + timedelta(days=7)) -> bytes:
        """Return a revocation list of the national authority, an hour after the sealing."""
        wanted = RevocationList(
            issuer=self.office.custody.chain(NATIONAL_AUTHORITY)[0],
            number=1,
            issued_at=NOW + timedelta(hours=1),
            next_at=next_at,
            revoked=revoked,
        )
        tbs = tbs_revocation_list(wanted)
        return assemble_revocation_list(tbs, self.office.sign(NATIONAL_AUTHORITY, tbs))

    def make_seal(self, **changes: object) -> bytes:
        """Make the seal object; `changes` are those of its draft."""
        draft = SealDraft(
            code=SEAL.owner,
            vendor="Yinzheng",
            kind=1,
            name=SEAL_NAME,
            certificates=(self.certificate,),
            created=NOW - timedelta(hours=1),
            valid_from=NOW - timedelta(hours=1),
            valid_until=NOW + timedelta(days=300),
            picture=Picture(kind="png", data=b"\x89PNG no picture", width_mm=42, height_mm=42),
        )
        to_be_signed = seal_to_be_signed(replace(draft, **changes))  # type: ignore[arg-type]
        maker = self.office.custody.chain(SEAL_MAKER)[0]
        return assemble_seal(to_be_signed, maker, self.office.sign(SEAL_MAKER, to_be_signed))

    def prepare(self, parts: Sequence[OfdPart] | None = None) -> PreparedOfd:
        """Return a small OFD of which only value and receipt are missing."""
        unsigned = UnsignedOfd(parts=tuple(parts or ofd_parts()), stamp=Stamp(2, "150 230 42 42"))
        return prepare_ofd_seal(unsigned, self.seal, signed_at=self.signed_at)

    def to_be_signed(self, prepared: PreparedOfd) -> bytes:
        return seal_signature_to_be_signed(
            self.seal,
            signed_at=self.signed_at,
            data_hash=sm3(prepared.signature_xml),
            property_info=prepared.property_info,
            mandate=self.mandate,
        )

    def intent(self, to_be_signed: bytes, **detail: object) -> LogReceipt:
        """Log the intent as issuing does; `detail` replaces purpose, kid or data set."""
        entry: dict[int, object] = {
            1: detail.get("purpose", "seal"),
            2: detail.get("kid", self.office.custody.public_key(SEAL).kid),
            3: detail.get("data_set", sha256(DATA_SET.encode()).digest()),
        }
        return self.office.append(EntryKind.INTENT, sha256(to_be_signed).digest(), entry)

    def seal_up(
        self,
        prepared: PreparedOfd | None = None,
        *,
        change_value: Callable[[bytes], bytes] = bytes,
        **detail: object,
    ) -> bytes:
        """Log, seal, put together. `change_value` spoils the seal signature."""
        prepared = prepared or self.prepare()
        to_be_signed = self.to_be_signed(prepared)
        receipt = self.intent(to_be_signed, **detail)
        signature = self.office.custody.sign(SEAL, to_be_signed, receipt=receipt)
        value = assemble_seal_signature(to_be_signed, self.certificate, signature)
        return assemble_ofd(prepared, change_value(value), receipt.to_text())
