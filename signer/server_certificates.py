"""Certificates of our own servers: for offices on an intranet that have no authority of their own for TLS.

Promises:
  * Logged before it is signed, as all that the authority signs; what was signed is kept, so that an audit can tell it.
  * Good for TLS of servers and nothing else: no checker of ours takes it for a signer's certificate.
  * A browser believes it once the office has installed the authority's root, which is what decides; see docs/tls.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from keys.authority import SERIAL_BYTES, CertificateRequest, Profile, assemble_certificate, tbs_certificate
from keys.certificates import Subject
from keys.custody import DEPLOYMENT
from registry import log_records
from registry.db import transaction
from signer import key_register
from signer.key_acts import KeyDesk
from verify.algorithms import PublicKey
from verify.certificates import read_certificate
from verify.key_purpose import KeyPurpose
from verify.values import Uscc

# Browsers refuse longer ones (CA/Browser Forum, Baseline Requirements 6.3.2: 398 days until March 2026).
SERVER_TERM: Final = timedelta(days=199)
_USCC_LENGTH: Final = 18
_COMMON_NAME_LENGTH_MAX: Final = 64


def certify_server(desk: KeyDesk, public: PublicKey, names: Sequence[str], *, at: datetime) -> tuple[bytes, ...]:
    """Return the certificate of a server under these names, and the authority's behind it."""
    authority = desk.custody.newest(KeyPurpose.AUTHORITY, DEPLOYMENT)
    chain = desk.custody.chain(authority)
    organisation, begins = read_certificate(chain[0]).organisation, key_register.beginning(at)
    subject = Subject(
        uscc=Uscc(organisation[:_USCC_LENGTH]),
        organisation=organisation[_USCC_LENGTH:],
        common_name=names[0][:_COMMON_NAME_LENGTH_MAX],
        test=desk.settings.test,
    )
    request = CertificateRequest(
        profile=Profile.SERVER,
        subject=subject,
        public=public,
        serial=desk.random(SERIAL_BYTES),
        not_before=max(begins, load_der_x509_certificate(chain[0]).not_valid_before_utc),
        not_after=begins + SERVER_TERM,
        issuer=chain[0],
        crl_url=desk.settings.crl_url_of(DEPLOYMENT),
        server_names=tuple(names),
    )
    tbs = tbs_certificate(request)
    with transaction(desk.database) as tx:
        log_records.keep(tx, tbs, at=at)
    return assemble_certificate(tbs, desk.sign_logged(authority, tbs)), *chain
