"""How is a service of Google Cloud asked: one session, one retry layer, one kind of error?

The libraries are imported by the first call, and credentials are looked for then. A service that is
served elsewhere than at Google's own address, as an emulator is, is never shown a credential.

A call is sent again, after a wait of random length, as long as there is time left for it and
nothing but the moment was wrong. Whether a sending of it may have landed is told with its error.
"""

from __future__ import annotations

import html
import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flyball.adapters.gcp.limit import GivenUpError, LateError, make_adapter, run_within

if TYPE_CHECKING:
    import requests

WITHIN_S = 20.0
"""For one call in all, its waits included: a function has a minute or more."""
CONNECT_S = 2.0
READ_S = 8.0
"""Limits of one try: two of them end within the time of a call."""
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 3.2
"""The longest wait before the second try, twice that before the third, and so on to this."""
CONNECTIONS = 32
"""That are kept to one host: a fleet is handled by so many threads at once."""
SAID = 500
"""Characters of an error's message that are kept."""

QUERY_LIMIT = 2_048
"""Characters of a query in a URL; a longer one is sent as the body of a POST that says GET.

Source: google-api-python-client, which does the same with every service (MAX_URI_LENGTH).
"""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PREFIX = "FLYBALL_GCP_ENDPOINT_"
"""How the variables begin that name another address: FLYBALL_GCP_ENDPOINT_AIPLATFORM, …."""
EMULATORS: Mapping[str, str] = {
    "FIRESTORE_EMULATOR_HOST": "firestore",
    "PUBSUB_EMULATOR_HOST": "pubsub",
}
"""Google's own variables, each with a host and port, by the service that they name."""

LATE = "NO_TIME_LEFT"
"""Status of a call that was not sent any more."""
UNREACHABLE = "UNREACHABLE"
"""Status of a call without an answer."""
LOGIN = "`gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS"
"""Where credentials come from."""
NO_CREDENTIALS = "NO_CREDENTIALS"
"""Status of a call that nobody could be found to make; only a human can mend it."""

_MARKUP = r"(?i)<(!doctype|html|head|body|title)\b"
_UNSHOWN = r"(?is)<(script|style|title)\b.*?</\1\s*>|<!--.*?-->"
_TAG = r"<[^>]*>"
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_ABORTED = "ABORTED"
_LOST = 500
_REFUSED = 300


Query = Mapping[str, str | Sequence[str]]


class CallError(Exception):
    """A call that was not answered as it was to be.

    Attributes:
        code: HTTP status; 0 where there was no answer.
        status: The service's word, such as "FAILED_PRECONDITION"; "" where it gave none.
        message: The service's sentence, or the network's.
        passes: Whether the moment was wrong, so that a later try may succeed.
        doubtful: Whether this try, or one before it, may have landed all the same.
    """

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        *,
        passes: bool = False,
        doubtful: bool = False,
    ) -> None:
        told = f"{code or 'no answer'} {status}: {message}"
        if status == NO_CREDENTIALS:
            told = f"no credentials were found: {LOGIN} ({message})"
        super().__init__(told)
        self.code = code
        self.status = status
        self.message = message
        self.passes = passes
        self.doubtful = doubtful


class Session:
    """Calls to Google's services. Thread safe.

    Args:
        endpoints: URL by service, where it is not Google's own; see read_endpoints.
        rest: Waits so many seconds.
        clock: Seconds that only grow.

    Attributes:
        lost: How many calls were given up though a later one may succeed.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        rest: Callable[[float], None] = sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._endpoints = dict(endpoints or {})
        self._rest = rest
        self.clock = self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[bool, requests.Session] = {}
        self._project = ""
        self.lost = 0

    def call(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        method: str = "POST",
        query: Query | None = None,
        location: str = "",
        within_s: float = WITHIN_S,
        once: bool = False,
        left_s: Callable[[], float] | None = None,
    ) -> Any:  # noqa: ANN401  (whatever JSON the service answers)
        """Call a method of a service.

        Args:
            service: Such as "firestore": its host without ".googleapis.com".
            path: With its version, such as "v1/projects/p/…:commit".
            body: What is sent as JSON; None: nothing.
            method: Of HTTP.
            query: Of the URL; a list stands there once for each of its values.
            location: Such as "europe-west1", where the service has a host for each.
            within_s: Seconds for all tries, to the last byte of the answer.
            once: Send it once, whatever becomes of it.
            left_s: Asked right before each sending for the seconds that it may still take; of 0 or
                less nothing is sent.

        Returns:
            The answer, read from JSON.

        Raises:
            CallError: It was refused, or there was no answer.
        """
        url = f"{self.base(service, location)}/{path}"
        deadline = self._clock() + within_s
        longest_s, doubtful = FIRST_WAIT_S, False
        while True:
            limit_s = max(min(READ_S, deadline - self._clock()), FIRST_WAIT_S)
            if left_s is not None:
                limit_s = max(min(limit_s, left_s()), FIRST_WAIT_S)
            try:
                return self._send(service, method, url, body, query, limit_s, left_s)
            except CallError as error:
                doubtful = error.doubtful = error.doubtful or doubtful
                wait_s = random.uniform(0, longest_s)  # noqa: S311  (no secret)
                is_last = once or not error.passes or error.status == LATE
                if is_last or self._clock() + wait_s >= deadline:
                    self.lost += error.passes
                    raise
            self._rest(wait_s)
            longest_s = min(2 * longest_s, LONGEST_WAIT_S)

    def base(self, service: str, location: str = "") -> str:
        """Give the URL at which a service is asked, without a slash at its end."""
        given = self._endpoints.get(service)
        if given is not None:
            return given
        host = f"{location}-{service}" if location else service
        return f"https://{host}.googleapis.com"

    def project(self) -> str:
        """Name the project that the credentials belong to; "" where they do not say.

        Raises:
            CallError: There are no credentials.
        """
        self._session(is_google=True)
        return self._project

    def close(self) -> None:
        """Let go of the connections; a later call makes others."""
        with self._lock:
            made, self._made = self._made, {}
        for session in made.values():
            session.close()

    def _send(
        self,
        service: str,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        query: Query | None,
        limit_s: float,
        left_s: Callable[[], float] | None,
    ) -> Any:  # noqa: ANN401  (as above)
        """Make one try."""
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  (loaded when used)
        from requests.exceptions import RequestException  # noqa: PLC0415  (likewise)

        session = self._session(is_google=service not in self._endpoints)
        ask = partial(
            session.request,
            url=url,
            json=body,
            **_place(method, query),
            timeout=(min(CONNECT_S, limit_s), limit_s),
            allow_redirects=False,
        )
        may_send = None if left_s is None else lambda: left_s() > 0
        try:
            answer = run_within(limit_s, ask, may_send)
        except LateError as error:
            raise CallError(0, LATE, str(error), passes=True) from error
        except GivenUpError as error:
            raise CallError(0, UNREACHABLE, str(error), passes=True, doubtful=True) from error
        except GoogleAuthError as error:
            raise _unauthorized(error) from error
        except RequestException as error:
            raise _unanswered(error) from error
        if answer.status_code >= _REFUSED:
            raise read_refusal(answer.status_code, answer.text)
        try:
            said = answer.json() if answer.content else {}
        except ValueError as error:
            message = f"the answer is no JSON: {answer.text[:SAID]!r}"
            raise CallError(answer.status_code, "", message, doubtful=True) from error
        _refuse_midway(said)
        return said

    def _session(self, *, is_google: bool) -> requests.Session:
        found = self._made.get(is_google)
        if found is None:
            with self._lock:
                found = self._made.get(is_google)
                if found is None:
                    found = self._made[is_google] = self._make(is_google=is_google)
        return found

    def _make(self, *, is_google: bool) -> requests.Session:
        import requests  # noqa: PLC0415  (a fifth of a second with google.auth, when first needed)

        if is_google:
            made, self._project = _authorize()
        else:
            made = requests.Session()
            made.trust_env = False  # neither a proxy nor a .netrc of a person
            made.headers["Authorization"] = "Bearer owner"  # what an emulator takes for its owner
        made.mount("https://", make_adapter(CONNECTIONS))
        made.mount("http://", make_adapter(CONNECTIONS))
        return made


def read_endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """Read which services are served elsewhere than at Google's own addresses.

    Args:
        environment: FLYBALL_GCP_ENDPOINT_<SERVICE> is a URL; FIRESTORE_EMULATOR_HOST and
            PUBSUB_EMULATOR_HOST, a host and port, are honoured where the former are not set.

    Returns:
        URL by service, without a slash at its end.

    Raises:
        ValueError: One of them is no URL; the message names it.
    """
    found: dict[str, str] = {}
    for name, service in EMULATORS.items():
        if environment.get(name):
            found[service] = _check_url(name, f"http://{environment[name]}")
    for name, url in environment.items():
        if name.startswith(PREFIX) and url:
            found[name.removeprefix(PREFIX).lower()] = _check_url(name, url)
    return found


def read_refusal(code: int, text: str) -> CallError:
    """Read a refusal: {"error": {code, status, message}}, a list of one such, or any text."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    told = said[0] if isinstance(said, list) and said else said
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        return _refused(code, "", strip_markup(text))
    return _refused(code, str(error.get("status", "")), str(error.get("message", "")))


def strip_markup(text: str) -> str:
    """Keep of a page in HTML, which is for browsers, what people read of it."""
    if not re.search(_MARKUP, text):
        return text
    return " ".join(html.unescape(re.sub(_TAG, " ", re.sub(_UNSHOWN, " ", text))).split()) or text


def _place(method: str, query: Query | None) -> dict[str, Any]:
    """Say how a query is sent: in the URL, or in the body where it is too long for that."""
    if method != "GET" or query is None or len(urlencode(query, doseq=True)) <= QUERY_LIMIT:
        return {"method": method, "params": query}
    return {"method": "POST", "data": query, "headers": {"X-HTTP-Method-Override": method}}


def _refused(code: int, status: str, message: str) -> CallError:
    passes = code in _AGAIN or status == _ABORTED
    return CallError(code, status, message[:SAID], passes=passes, doubtful=code >= _LOST)


def _refuse_midway(said: object) -> None:
    """Refuse an answer in parts of which one is an error: the service failed on the way."""
    if isinstance(said, list):
        for part in said:
            error = part.get("error") if isinstance(part, dict) else None
            if isinstance(error, dict):
                raise _refused(
                    int(error.get("code", _LOST)),
                    str(error.get("status", "")),
                    str(error.get("message", "")),
                )


def _authorize() -> tuple[requests.Session, str]:
    """Find credentials, and the project that they belong to."""
    import google.auth  # noqa: PLC0415  (loaded when used)
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  (likewise)
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415  (likewise)

    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise _unauthorized(error) from error
    return AuthorizedSession(credentials), project or ""  # type: ignore[no-untyped-call]


def _unauthorized(error: Exception) -> CallError:
    """Tell a token that could not be fetched now from one that nobody may have."""
    from google.auth.exceptions import TransportError  # noqa: PLC0415  (loaded when used)

    if isinstance(error, TransportError) or getattr(error, "retryable", False):
        return CallError(0, UNREACHABLE, str(error)[:SAID], passes=True)
    return CallError(0, NO_CREDENTIALS, str(error)[:SAID])


def _unanswered(error: Exception) -> CallError:
    """Say whether a call without an answer may pass, and whether it can have been heard."""
    from requests import exceptions  # noqa: PLC0415  (loaded when used)
    from urllib3.exceptions import MaxRetryError  # noqa: PLC0415  (likewise)

    of_network = (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError)
    passes = isinstance(error, of_network) and not isinstance(error, exceptions.SSLError)
    cause = error.args[0] if error.args else None
    is_sent = not isinstance(cause, MaxRetryError)  # so it says where no connection was made
    return CallError(0, UNREACHABLE, str(error)[:SAID], passes=passes, doubtful=passes and is_sent)


def _check_url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool((parts.hostname or "").strip())
        is_url = is_url and parts.port != 0  # reading it refuses what is no port
    except ValueError:
        is_url = False
    if not is_url:
        message = f"{name}: got {url!r}, expected a URL such as http://127.0.0.1:8080"
        raise ValueError(message)
    return url.rstrip("/")
