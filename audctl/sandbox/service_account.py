"""Service-account JWTs as the retired IMS exchange took them.

Checked: three base64url parts; header `alg` RS256; a signature of plausible length; the claims `exp` (ahead by at most
24 hours of the virtual clock), `iss`, `sub`, `aud` and one true metascope. Not checked: the signature itself, for the
sandbox knows no public keys; and the host in `aud` and in the metascope, which clients build from the endpoint they
are told.
"""

import base64
import json
from datetime import datetime, timedelta

MAX_AHEAD = timedelta(hours=24)
CLOCK_SKEW = timedelta(minutes=1)
METASCOPES = ("/s/ent_audiencemanagerplatform_sdk", "/s/ent_campaign_sdk")
MIN_SIGNATURE_BYTES = 128
"""An RSA signature is as long as its key; 1024 bits is the shortest that was ever common."""
_PARTS = 3


class JwtError(ValueError):
    """A JWT that buys no access token; the text says why."""


def check_claims(token: str, client_id: str, organisation: str, now: datetime) -> None:
    """Check a JWT's structure and claims; raises JwtError."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise JwtError("jwt_token must have three parts")
    header, claims = _read_part(parts[0]), _read_part(parts[1])
    if header.get("alg") != "RS256":
        raise JwtError("the algorithm must be RS256")
    if len(_decode(parts[2])) < MIN_SIGNATURE_BYTES:
        raise JwtError("the signature is too short for RS256")
    _check_expiry(claims.get("exp"), now)
    if claims.get("iss") != organisation:
        raise JwtError("iss must be the organisation")
    subject, audience = claims.get("sub"), claims.get("aud")
    if not isinstance(subject, str) or not subject:
        raise JwtError("sub must be the technical account")
    if not isinstance(audience, str) or not audience.endswith(f"/c/{client_id}"):
        raise JwtError("aud must be the client's")
    if not any(name.endswith(METASCOPES) and value is True for name, value in claims.items()):
        raise JwtError("a metascope claim is missing")


def _check_expiry(expiry: object, now: datetime) -> None:
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise JwtError("exp must be a number of seconds")
    if not expiry > now.timestamp():  # also what is not a number at all
        raise JwtError("the JWT has expired")
    if expiry > (now + MAX_AHEAD + CLOCK_SKEW).timestamp():
        raise JwtError("exp may be at most 24 hours ahead")


def _read_part(part: str) -> dict[str, object]:
    raw = _decode(part)
    try:
        read = json.loads(raw)
    except (ValueError, RecursionError):
        raise JwtError("jwt_token does not hold JSON") from None
    if not isinstance(read, dict):
        raise JwtError("jwt_token does not hold JSON objects")
    return read


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise JwtError("jwt_token is not base64url") from None
