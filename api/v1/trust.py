"""What a verifier must trust, as signed files: trust list, revocation list, certificates."""

from typing import Annotated, Final

from fastapi import Path, Response

from api.guard import TheOffice
from api.v1.answers import IfNoneMatch, both, router
from api.v1.public_file import described, newest, public_file

trust: Final = router("trust", prefix="")
_CBOR: Final = "application/cwt"
_CRL: Final = "application/pkix-crl"
_COSE: Final = "application/cose"
_CERTIFICATE: Final = "application/pkix-cert"
TRUST_SECONDS: Final = 300
_Name = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")]
_Month = Annotated[str, Path(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
_CertificateName = Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{1,80}$")]


@trust.get(
    "/trust-list.cbor", summary=both("信任名单", "The trust list"), response_class=Response, responses=described(_CBOR)
)
def get_trust_list(office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the signed list of who may issue what, with which keys."""
    content = newest(office, "trust_list", "trust-list")
    return public_file(content, media_type=_CBOR, max_age=TRUST_SECONDS, if_none_match=if_none_match)


@trust.get(
    "/{name}.crl", summary=both("证书吊销列表", "A revocation list"), response_class=Response, responses=described(_CRL)
)
def get_revocation_list(name: _Name, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the authority's newest revocation list, in DER."""
    content = newest(office, "crl", name)
    return public_file(content, media_type=_CRL, max_age=TRUST_SECONDS, if_none_match=if_none_match)


@trust.get(
    "/report/{month}",
    summary=both("登记月报", "A monthly report of the registry"),
    response_class=Response,
    responses=described(_COSE),
)
def get_monthly_report(month: _Month, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return what the registry says that it did in a month, signed, to be compared with the log."""
    content = newest(office, "monthly_report", month)
    return public_file(content, media_type=_COSE, max_age=TRUST_SECONDS, if_none_match=if_none_match)


@trust.get(
    "/certificates/{name}.cer",
    summary=both("证书", "A certificate"),
    response_class=Response,
    responses=described(_CERTIFICATE),
)
def get_certificate(name: _CertificateName, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the certificate of a key, in DER."""
    content = newest(office, "certificate", name)
    return public_file(content, media_type=_CERTIFICATE, max_age=TRUST_SECONDS, if_none_match=if_none_match)
