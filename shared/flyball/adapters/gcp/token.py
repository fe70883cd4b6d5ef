"""Is this call of Cloud Scheduler, by the token that it bears?

A token is a JWT that Google signed for a service account and an audience. Who may call at all is
decided before by IAM (roles/run.invoker).

Cloud Run, which runs the functions, checks the token of a caller that it asks for one, and puts a
word of its own in the signature's place before it hands the call over: what is left cannot be
checked again. So that word is taken only where the deployment says that the platform has checked
the token, and then IAM is the only lock: who makes such a function public lets anybody write the
word. Such a call can do no more than a tick does: it looks at what is due. A signature that is
there is checked, and a token without anything in its place is never good.

Source: Google Cloud, "Verify Google-signed ID tokens"; Cloud Run, "Troubleshooting", signature
removed; Cloud Scheduler, "Use authentication with HTTP targets".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flyball.adapters.gcp.session import CallError, Session
from flyball.core.shape import NamedTuple

SERVICE, CERTIFICATES = "www", "oauth2/v1/certs"
"""Google's certificates by key id, at https://www.googleapis.com."""
ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
ALGORITHM = "RS256"
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
"""What stands in a signature's place."""
SKEW = timedelta(seconds=30)
"""So far may Google's clock and ours be apart."""
FRESH = timedelta(hours=1)
"""Certificates are fetched again after this; Google changes them every few days."""
USABLE = timedelta(hours=24)
"""So long they are good where they cannot be fetched again."""
PAUSE = timedelta(minutes=1)
"""Between two fetches for keys that nobody knows: a caller must not make us ask all the time."""
TOKEN_LIMIT = 8_192
WITHIN_S = 5.0
PARTS = 3
"""header . payload . signature"""

UNAUTHORIZED, FORBIDDEN = 401, 403


class TokenError(Exception):
    """A token that is not good.

    Attributes:
        code: HTTP status of the answer.
    """

    def __init__(self, message: str, code: int = UNAUTHORIZED) -> None:
        super().__init__(message)
        self.code = code


class _Known(NamedTuple):
    """Certificates by key id, and when they were fetched."""

    at: datetime
    by_id: Mapping[str, str]


class Verifier:
    """Checks who calls.

    Args:
        session: Fetches Google's certificates.
        audience: Whom the token must be for.
        email: The service account that must call.
        trusts_platform: A token whose signature the platform has checked and replaced is taken.
    """

    def __init__(
        self, session: Session, audience: str, email: str, *, trusts_platform: bool = False
    ) -> None:
        self._session = session
        self._audience = audience
        self._email = email
        self._trusts_platform = trusts_platform
        self._known: _Known | None = None
        self._tried: datetime | None = None

    def check(self, authorization: str, now: datetime) -> None:
        """Check a call's Authorization header: signature, issuer, times, audience and e-mail.

        Raises:
            TokenError: It is not good, and will not be.
            CallError: Google's certificates cannot be fetched now; try again.
        """
        if not self._audience or not self._email:
            told = "nobody may call: set FLYBALL_TICK_AUDIENCE and FLYBALL_TICK_ACCOUNT"
            raise TokenError(told, FORBIDDEN)
        scheme, _, token = authorization.partition(" ")
        parts = token.strip().split(".")
        if scheme.lower() != "bearer" or len(parts) != PARTS or len(token) > TOKEN_LIMIT:
            raise TokenError("there is no bearer token")
        header, claims = _read_part(parts[0]), _read_part(parts[1])
        if not parts[2] or header.get("alg") == "none":
            raise TokenError("it has no signature")
        if parts[2] == REMOVED:
            if not self._trusts_platform:
                told = "the signature was removed; FLYBALL_TICK_SIGNATURE=platform takes that"
                raise TokenError(told)
        else:
            self._check_signature(header, ".".join(parts[:2]), parts[2], now)
        _check_times(claims, now)
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in ISSUERS:
            raise TokenError("it is not of Google")
        if claims.get("aud") != self._audience:
            raise TokenError("it is for another audience")
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise TokenError("it is another account's", FORBIDDEN)

    def _check_signature(
        self, header: Mapping[str, Any], signed: str, signature: str, now: datetime
    ) -> None:
        """See that Google signed it."""
        from google.auth import crypt  # noqa: PLC0415  (when first needed)

        name = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(name, str):
            raise TokenError(f"it is not signed by {ALGORITHM} with a named key")
        certificate = self._find_certificate(name, now)
        given = _decode(signature)
        if not crypt.verify_signature(signed, given, [certificate]):  # type: ignore[no-untyped-call]
            raise TokenError("the signature is wrong")

    def _find_certificate(self, name: str, now: datetime) -> str:
        """Find the certificate of a key, asking Google where it is not known or not fresh."""
        known = self._known
        is_fresh = known is not None and now - known.at < FRESH
        is_asked = self._tried is not None and abs(now - self._tried) < PAUSE
        has_it = known is not None and name in known.by_id
        if not (is_fresh and has_it) and not (is_asked and known is not None):
            self._tried = now
            try:
                self._known = known = _Known(now, self._fetch())
            except CallError:
                if known is None or not has_it or now - known.at >= USABLE:
                    raise
        found = known.by_id.get(name) if known is not None and now - known.at < USABLE else None
        if found is None:
            raise TokenError("Google has no such key")
        return found

    def _fetch(self) -> dict[str, str]:
        answer = self._session.call(SERVICE, CERTIFICATES, method="GET", within_s=WITHIN_S)
        if not isinstance(answer, dict) or not answer:
            raise CallError(200, "", "the certificates are none", passes=True)
        return {str(name): str(text) for name, text in answer.items()}


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """See that it is good at this moment."""
    issued, expires = claims.get("iat"), claims.get("exp")
    for value in (issued, expires):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TokenError("it does not say when it is good")
    at, skew_s = now.timestamp(), SKEW.total_seconds()
    if not float(str(issued)) - skew_s <= at < float(str(expires)) + skew_s:
        raise TokenError("it is not good now")


def _read_part(part: str) -> Mapping[str, Any]:
    """Read the header or the claims."""
    try:
        found = json.loads(_decode(part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenError("it is no JSON Web Token")
    return found


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True)
    except ValueError:
        raise TokenError("it is no JSON Web Token") from None
