"""`keys list|root|request|install|revoke|revocation|publish`: keys of the deployment, certificates from outside.

Promises:
  * What changes a key is an act of two administrators, and stands in the log.
  * A certificate is installed only if it fits the key, its purpose and the roots that are given.
"""

from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_csr, load_pem_x509_crl

from api.cli.errors import NoSuchNameError, PersonUnknownError
from api.cli.files import read_file, write_file
from api.cli.offline import encode_public_key
from api.cli.program import group, session_of
from api.cli.words import day
from api.publishing import publish_files
from api.wiring import Office
from keys.authority import PROFILES
from keys.ceremony import Persons
from keys.custody import DEPLOYMENT, KeyName
from keys.errors import CertificateFormError, KeyMissingError
from keys.installation import CHAIN_BYTES_MAX, decode_pem_chain
from keys.revocation import Reason
from registry import departments, people
from registry.db import reading
from registry.records import Department, Role
from signer import key_register
from signer.key_acts import (
    KeyDesk,
    install_certificate,
    keep_revocation_list,
    renew_revocation_lists,
    request_certificate,
    revoke_certificate,
)
from signer.trust_lists import renew_trust_list
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.revocation import REVOCATION_LIST_BYTES_MAX

KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="密钥名，见 keys list。 Name of the key, as `keys list` shows it.")
]
FirstOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="管理员一。 First administrator.")]
_PEM: Final = b"-----BEGIN"
SecondOption = Annotated[str, typer.Option("--approved-by", metavar="PERSON", help="管理员二。 Second administrator.")]

keys = group("keys")


# Certificates of our own authorities that name one signer; an authority's own are nobody's to revoke.
_REVOCABLE: Final = frozenset({KeyPurpose.DOCUMENT, KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER})


@keys.command("list", help="列出全部密钥。 List all keys that this deployment ever made.")
def list_keys(context: typer.Context) -> None:
    """List the register of keys; needs no passphrase."""
    session = session_of(context)
    screen = session.screen
    with reading(session.office.database) as tx:
        register = key_register.all_keys(tx)
        names = {each.uscc: each.name for each in departments.all_departments(tx)}
    if screen.as_json:
        for each in register:
            value: dict[str, object] = {
                "key": each.key.text, "purpose": each.key.purpose.value, "owner": each.key.owner,
                "algorithm": each.public.algorithm.value, "kid": each.public.kid.hex(),
                "not_before": each.not_before.isoformat(), "not_after": each.not_after.isoformat(),
                "cut_off": None if each.cut_off is None else list(each.cut_off),
            }  # fmt: skip
            screen.result(value, "")
        return
    headings = ("密钥", "部门", "算法", "标识", "有效期至")
    if screen.language == "en":
        headings = ("key", "department", "algorithm", "key id", "valid until")
    rows = [
        (
            each.key.text,
            names.get(each.key.owner, ""),
            each.public.algorithm.value,
            each.public.kid.hex(),
            day(each.not_after.astimezone(ISSUER_ZONE).date(), screen.language),
        )
        for each in register
    ]
    screen.result({}, screen.table(headings, rows))


@keys.command(
    "root",
    help="写出信任名单的根公钥，供脱机核验者固定。 Write the trust list's root key, for offline checkers to pin.",
)
def write_root(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写出的公钥（PEM）。 Key to write (PEM).")],
) -> None:
    """Write the public key that signs the trust list; needs no passphrase."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        newest = [each for each in key_register.all_keys(tx) if each.key.purpose is KeyPurpose.TRUST_LIST]
    root = max(newest, key=lambda each: each.key.generation)
    write_file(out, encode_public_key(root.public.spki))
    session.screen.result(
        {"key": root.key.text, "file": str(out)}, session.screen.say(f"根公钥：{out}", f"Root key: {out}")
    )


@keys.command(
    help="为一个密钥生成证书请求（PKCS#10），交外部机构。 Write a certificate request for an outside authority."
)
def request(
    context: typer.Context,
    key: KeyArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="写出的请求（PEM）。 Request to write (PEM).")
    ],
    *,
    department: Annotated[
        str | None, typer.Option(metavar="CODE", help="证书上的部门，缺省为密钥所属。 Department named in it.")
    ] = None,
) -> None:
    """Write a certificate request."""
    session = session_of(context)
    desk = session.office.key_desk
    name = _key_name(desk, key)
    owner = _department(session.office, department or name.owner)
    made = load_der_x509_csr(request_certificate(desk, name, owner, at=session.office.clock()))
    write_file(out, made.public_bytes(Encoding.PEM))
    session.screen.result(
        {"key": name.text, "file": str(out)}, session.screen.say(f"证书请求：{out}", f"Certificate request: {out}")
    )


@keys.command(
    help="装入外部机构签发的证书，并重签信任名单。 Install what an outside authority issued; renew the trust list."
)
def install(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    key: KeyArgument,
    chain: Annotated[
        Path, typer.Argument(metavar="CHAIN", help="证书链（PEM），本证书在前。 Chain in PEM, its own first.")
    ],
    *,
    roots: Annotated[Path, typer.Option(metavar="FILE", help="该机构的根证书（PEM）。 Roots of that authority (PEM).")],
    first: FirstOption,
    second: SecondOption,
    crl: Annotated[Path | None, typer.Option(metavar="FILE", help="该机构的吊销列表。 Its revocation list.")] = None,
) -> None:
    """Install a certificate chain."""
    session = session_of(context)
    office = session.office
    desk = office.key_desk
    name = _key_name(desk, key)
    install_certificate(
        desk,
        name,
        decode_pem_chain(read_file(chain, bytes_max=CHAIN_BYTES_MAX)),
        anchors=decode_pem_chain(read_file(roots, bytes_max=CHAIN_BYTES_MAX)),
        persons=administrators(office, first, second),
        at=office.clock(),
    )
    if crl is not None:
        keep_revocation_list(desk, _list_in(crl), at=office.clock())
    trust = renew_trust_list(desk, at=office.clock())
    session.screen.result(
        {"key": name.text, "trust_list": trust.sequence},
        session.screen.say(
            f"已装入 {name.text}；信任名单第 {trust.sequence} 版。正在运行的服务请重启。",
            f"Installed {name.text}; trust list number {trust.sequence}. Restart running services.",
        ),
    )


@keys.command(
    help="吊销部门的文件签名证书或印章证书，并立即公布吊销列表；此后用它签的一律不认。"
    " Revoke the certificate of a department's documents or of a seal and publish the list at once; nothing signed with"
    " it later is good."
)
def revoke(
    context: typer.Context,
    key: KeyArgument,
    *,
    reason: Annotated[
        Reason,
        typer.Option(
            help="原因，依次为：未说明、密钥失控、机构变更、已换新、停用、收回权限。 Why, as RFC 5280 names it.",
        ),
    ],
    first: FirstOption,
    second: SecondOption,
) -> None:
    """Revoke a certificate of our own authority."""
    session = session_of(context)
    office, screen = session.office, session.screen
    desk = office.key_desk
    name = _key_name(desk, key)
    if name.purpose not in _REVOCABLE:
        raise KeyMissingError(key)
    persons = administrators(office, first, second)
    lists = revoke_certificate(desk, name, reason=reason, persons=persons, at=office.clock())
    publish_files(office)
    screen.result(
        {"key": name.text, "reason": reason.value, "revocation_lists": len(lists)},
        screen.say(
            f"已吊销 {name.text} 的证书，吊销列表已公布。换新证书之前不能再用它签发。",
            f"Revoked the certificate of {name.text}; the list is published. Nothing is issued with it until there is a"
            " new certificate.",
        ),
    )


@keys.command(
    help="收入外部机构的吊销列表（PEM 或 DER），到期前更新；没有它就不签发。"
    " Take in an outside authority's revocation list; without one that holds nothing is issued."
)
def revocation(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="吊销列表。 Revocation list.")],
) -> None:
    """Keep a newer revocation list of an outside authority."""
    session = session_of(context)
    name = keep_revocation_list(session.office.key_desk, _list_in(file), at=session.office.clock())
    session.screen.result({"name": name}, session.screen.say(f"已收入 {name}", f"Taken in as {name}"))


@keys.command(
    help="重签信任名单与吊销列表（后台每天自动做）。 Sign trust and revocation lists anew, as the worker does daily."
)
def publish(context: typer.Context) -> None:
    """Renew trust list and revocation lists."""
    session = session_of(context)
    office = session.office
    desk = office.key_desk
    revocation = renew_revocation_lists(desk, at=office.clock())
    trust = renew_trust_list(desk, at=office.clock())
    session.screen.result(
        {"trust_list": trust.sequence, "revocation_lists": len(revocation)},
        session.screen.say(f"信任名单第 {trust.sequence} 版", f"Trust list number {trust.sequence}"),
    )


def administrators(office: Office, first: str, second: str) -> Persons:
    """Return the two administrators of an act on keys. Raises `PersonUnknownError`, `TwoPersonsError`."""
    with reading(office.database) as tx:
        for person_id in (first, second):
            person = people.find_person(tx, person_id)
            if person is None or Role.ADMINISTRATOR not in person.roles:
                raise PersonUnknownError(params={"name": person_id, "department": DEPLOYMENT})
    return Persons(first=first, second=second)


def _list_in(path: Path) -> bytes:
    """Return the DER of a revocation list. Raises `CertificateFormError`."""
    content = read_file(path, bytes_max=REVOCATION_LIST_BYTES_MAX)
    if not content.startswith(_PEM):
        return content
    try:
        return load_pem_x509_crl(content).public_bytes(Encoding.DER)
    except ValueError as error:
        raise CertificateFormError("not a revocation list") from error


def _key_name(desk: KeyDesk, text: str) -> KeyName:
    name = KeyName.parse(text)
    if name not in desk.custody.names() or name.purpose not in PROFILES:
        raise KeyMissingError(text)
    return name


def _department(office: Office, uscc: str) -> Department:
    with reading(office.database) as tx:
        found = departments.find_department(tx, uscc)
    if found is None:
        raise NoSuchNameError(params={"name": uscc})
    return found
