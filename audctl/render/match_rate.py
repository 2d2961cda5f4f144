"""A match rate as every report words it: small counts hidden, unknown ones said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.effect import shown_count
from audctl.model.match_rate import Basis

if TYPE_CHECKING:
    from audctl.model.match_rate import MatchRate

_OF = {
    Basis.AUDIENCE: "ids in the audience",
    Basis.DESTINATION: "ids of the destination (nothing of the audience has come yet)",
    Basis.SOURCE: "people of the list",
}


def match_rate_text(rate: MatchRate) -> str:
    """Return ``83.2% (80.7% to 85.4%, from a sample of 1,000) of 812,000 ids in the audience``."""
    if rate.total == 0:
        return f"no {_OF[rate.basis]}"
    share = rate.share
    if share is None:
        return f"unknown: {rate.why}"
    of = f"of {shown_count(rate.total)} {_OF[rate.basis]}"
    if rate.is_small:
        return f"{shown_count(rate.matched)} {of}"
    text = percent(share.value)
    if not share.is_exact:
        text += f" ({percent(share.low)} to {percent(share.high)}, from a sample of {rate.asked:,})"
    return f"{text} {of}"


def percent(share: float) -> str:
    """Return a share; only all of it is 100 %, and only none of it 0 %."""
    text = f"{share:.1%}"
    if text == "100.0%" and share < 1:
        return ">99.9%"
    if text == "0.0%" and share > 0:
        return "<0.1%"
    return text
