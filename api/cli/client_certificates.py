"""`client certificate`: certificates that calling systems show in their TLS connections (RFC 8705)."""

from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.x509 import Certificate, load_pem_x509_certificate

from api.cli.client_keys import KeyIdArgument
from api.cli.errors import NoSuchNameError
from api.cli.files import read_file
from api.cli.office import client
from api.cli.program import session_of
from api.client_certificates import ClientTrust, described
from registry.client_certificates import ClientCertificate, KnownBy, add_certificate, certificates_of, close_certificate
from registry.db import reading, transaction
from verify.errors import MalformedError

_CERTIFICATE_BYTES_MAX: Final = 16 * 1024
_SUBJECT_LENGTH_MAX: Final = 1000


class ClientCertificateError(MalformedError):
    """Not a certificate that a system can show here."""

    code = "client_certificate.unfit"


def read_client_certificate(content: bytes, trust: ClientTrust) -> Certificate:
    """Return the certificate in PEM, by one of the authorities of the settings. Raises `ClientCertificateError`."""
    try:
        certificate = load_pem_x509_certificate(content)
    except ValueError as error:
        raise ClientCertificateError("not a certificate in PEM") from error
    if not trust.is_issued(certificate) or len(certificate.subject.rfc4514_string()) > _SUBJECT_LENGTH_MAX:
        raise ClientCertificateError("not by an authority of the settings")
    return certificate


@client.command(
    "certificate-add",
    help="登记系统的客户端证书（双向 TLS）。 Register the certificate that a system shows (mutual TLS).",
)
def add_client_certificate(
    context: typer.Context,
    key_id: KeyIdArgument,
    certificate: Annotated[Path, typer.Argument(metavar="FILE", help="证书（PEM）。 Certificate (PEM).")],
    *,
    known_by: Annotated[
        KnownBy,
        typer.Option("--by", help="认这一张证书，或认颁发者和主体。 This very certificate, or its issuer and subject."),
    ] = KnownBy.THUMBPRINT,
) -> None:
    """Register a certificate; the system's lasting secret is void from now on."""
    session = session_of(context)
    content = read_file(certificate, bytes_max=_CERTIFICATE_BYTES_MAX)
    shown = described(read_client_certificate(content, ClientTrust.of(session.settings)))
    digest = shown.thumbprint if known_by is KnownBy.THUMBPRINT else shown.names
    added = ClientCertificate(key_id=key_id, digest=digest, known_by=known_by, subject=shown.subject)
    with transaction(session.office.database) as tx:
        add_certificate(tx, added, at=session.office.clock())
    value = {"key_id": key_id, "digest": digest.hex(), "known_by": known_by.value, "subject": shown.subject}
    session.screen.result(value, session.screen.say(f"已登记 {digest.hex()}", f"Registered {digest.hex()}"))


@client.command("certificate-list", help="列出系统的客户端证书。 List the certificates of a system.")
def list_client_certificates(context: typer.Context, key_id: KeyIdArgument) -> None:
    """List certificates, oldest first."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        found = certificates_of(tx, key_id)
    if session.screen.as_json:
        for each in found:
            value = {"digest": each.digest.hex(), "known_by": each.known_by.value, "subject": each.subject}
            session.screen.result(value, "")
        return
    headings = ("编号", "认定方式", "主体") if session.screen.language == "zh" else ("id", "known by", "subject")
    rows = [(each.digest.hex(), each.known_by.value, each.subject) for each in found]
    session.screen.result({}, session.screen.table(headings, rows))


@client.command(
    "certificate-close", help="撤下系统的证书，令牌随即失效。 Take back a system's certificate; its tokens end at once."
)
def close_client_certificate(
    context: typer.Context,
    key_id: KeyIdArgument,
    digest: Annotated[str, typer.Argument(metavar="ID", help="证书编号。 Id of the certificate, as listed.")],
) -> None:
    """Take back a certificate."""
    session = session_of(context)
    try:
        content = bytes.fromhex(digest)
    except ValueError as error:
        raise NoSuchNameError(params={"name": digest}) from error
    with transaction(session.office.database) as tx:
        if not close_certificate(tx, key_id, content):
            raise NoSuchNameError(params={"name": digest})
    session.screen.result({"key_id": key_id, "digest": digest}, session.screen.say("已撤下", "Taken back"))
