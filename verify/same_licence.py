"""Say whether several things that were checked (a PDF, an OFD, the text of a code) are one and the same licence.

Promises:
  * Only what is genuine is compared: that a forgery names a licence says nothing.
  * One licence means one code: same key, same signed bytes, so same version, number, holder and dates.
  * Three answers: the same, not the same (another version, or another licence), could not be compared.
"""

from collections.abc import Sequence

from verify.report import Check, Claimed, Finding, Outcome, Report


def same_licence(reports: Sequence[Report]) -> Finding:
    """Compare what these reports are of.

    1. Something must stand in each that a trusted signer said. 2. One code in all is one licence. 3. Else one number
    of one issuer and type is one licence in several versions. 4. Else they are several licences.
    """
    params = {"count": str(len(reports))}
    claims = [each.claimed for each in reports if each.is_genuine]
    known = [each for each in claims if each is not None]
    if len(known) < len(reports) or len(reports) < 2:  # (1)
        return _finding("contents.not_compared", Outcome.UNKNOWN, params)
    if len(set(known)) == 1:  # (2)
        return _finding("contents.same_licence", Outcome.PASSED, params)
    if len({_series(each) for each in known}) == 1:  # (3)
        return _finding("contents.other_version", Outcome.FAILED, params)
    return _finding("contents.other_licence", Outcome.FAILED, params)  # (4)


def _series(claimed: Claimed) -> tuple[str, str, str]:
    return claimed.issuer, claimed.type_code, claimed.number


def _finding(code: str, outcome: Outcome, params: dict[str, str]) -> Finding:
    return Finding(check=Check.CONTENTS, code=code, outcome=outcome, params=params)
