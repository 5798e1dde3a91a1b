"""Object identifiers of our own, under 2.25 (ITU-T X.667: an arc for anybody's UUID, no registration needed)."""

from typing import Final

# 2.25.<UUID as an integer>; drawn once, never changed, never reused.
LOG_PROOF: Final = "2.25.285937466013842790573125811647260483914"
"""Unsigned CMS attribute: the C2SP tlog-proof text of the signature's log entry, as UTF8String."""

MANDATE: Final = "2.25.114893675520917346802213378046159627385"
"""Signed CMS attribute: the mandate under which the seal was used (see ``verify/mandate.py``)."""

# In certificates, Go refuses arcs of more than 31 bits, and the whole certificate
# with them. So these two are UUIDs cut into small arcs, under the arc that Microsoft gives to everybody for that.
SEAL_USE: Final = "1.2.840.113556.1.8000.2554.29935.13506.63533.18946.43511.310453.4285491"
"""Extended key usage of the certificates that make our seal signatures; no certificate of a seal maker has it."""

SEAL_MAKER_USE: Final = "1.2.840.113556.1.8000.2554.64419.44323.28865.18191.41227.8771600.340365"
"""Extended key usage of the certificate that makes our seals; it makes no seal signature."""

OFFICIAL_DOCUMENT: Final = "2.25.176209348805714466231529983642718804315"
"""Signed CMS attribute, and extension of a seal signature: the id of the official document that was sealed, as
UTF8String; a licence never bears it."""
