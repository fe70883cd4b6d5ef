"""Is Google asked with care: who is shown a credential, what is sent again, and for how long?"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.gcp.session import (
    LONGEST_WAIT_S,
    NO_CREDENTIALS,
    UNREACHABLE,
    WITHIN_S,
    CallError,
    Session,
    read_endpoints,
    read_refusal,
)
from tests.gcp.local import Local, local_service
from tests.gcp.wire import Watch

pytestmark = pytest.mark.enable_socket

SERVICE = "pubsub"


@pytest.fixture
def local() -> Iterator[Local]:
    """Serve for this test."""
    with local_service() as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    """Give a clock that only waits move."""
    return Watch()


@pytest.fixture
def session(local: Local, watch: Watch) -> Iterator[Session]:
    """Ask the local service."""
    session = Session({SERVICE: local.url}, rest=watch.rest, clock=watch.clock)
    yield session
    session.close()


# --- where ----------------------------------------------------------------------------------------


def test_a_service_is_asked_at_google_s_address_unless_another_is_given() -> None:
    """Some have a host a location."""
    session = Session({"ml": "http://127.0.0.1:8080"})
    assert session.base("firestore") == "https://firestore.googleapis.com"
    assert session.base("aiplatform", "europe-west1") == (
        "https://europe-west1-aiplatform.googleapis.com"
    )
    assert session.base("ml", "europe-west1") == "http://127.0.0.1:8080"


def test_other_addresses_are_read_from_the_environment() -> None:
    """Google's own variables are honoured, and ours come before them."""
    assert read_endpoints(
        {
            "FLYBALL_GCP_ENDPOINT_AIPLATFORM": "http://localhost:9000/",
            "FLYBALL_GCP_ENDPOINT_PUBSUB": "https://proxy.example/pubsub",
            "FLYBALL_GCP_ENDPOINT_ML": "",
            "FIRESTORE_EMULATOR_HOST": "127.0.0.1:8080",
            "PUBSUB_EMULATOR_HOST": "127.0.0.1:8085",
            "HOME": "/home/somebody",
        }
    ) == {
        "aiplatform": "http://localhost:9000",
        "firestore": "http://127.0.0.1:8080",
        "pubsub": "https://proxy.example/pubsub",
    }
    assert read_endpoints({}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLYBALL_GCP_ENDPOINT_ML", "localhost:9000"),
        ("FLYBALL_GCP_ENDPOINT_ML", "file:///tmp"),
        ("FLYBALL_GCP_ENDPOINT_ML", "http://"),
        ("FIRESTORE_EMULATOR_HOST", " "),
        ("FIRESTORE_EMULATOR_HOST", "[::1"),
        ("FIRESTORE_EMULATOR_HOST", "127.0.0.1:http"),
    ],
)
def test_an_address_that_is_none_is_named(name: str, value: str) -> None:
    """Else the first call would say it, with less to go by."""
    with pytest.raises(ValueError, match=f"{name}: got .*expected a URL"):
        read_endpoints({name: value})


# --- what is sent and answered --------------------------------------------------------------------


def test_a_call_sends_its_body_and_gives_the_answer(local: Local, session: Session) -> None:
    """As JSON, both; an empty answer is an empty object."""
    local.answers = [(200, '{"a":[1]}'), (200, "")]
    assert session.call(SERVICE, "v1/x:y", {"é": 1}) == {"a": [1]}
    query = {"updateMask": "a,b"}
    assert session.call(SERVICE, "v1/x", method="PATCH", query=query) == {}
    first, second = local.asked
    assert (first.method, first.path, json.loads(first.body)) == ("POST", "/v1/x:y", {"é": 1})
    assert (second.method, second.path, second.body) == ("PATCH", "/v1/x?updateMask=a%2Cb", "")


def test_a_query_that_is_too_long_for_a_url_is_sent_as_a_body(
    local: Local, session: Session
) -> None:
    """As Google's own clients send it; a list stands there once for each of its values."""
    for length in (2_000, 2_100):
        query = {
            "filter": "é" + "a" * (length - len("filter=%C3%A9&f=b&f=c%2Cd")),
            "f": ["b", "c,d"],
        }
        assert session.call(SERVICE, "v1/x", method="GET", query=query) == {}
    short, long = local.asked
    assert (short.method, short.body) == ("GET", "")
    assert short.path.endswith("a&f=b&f=c%2Cd")
    assert (long.method, long.path) == ("POST", "/v1/x")
    assert long.body.startswith("filter=%C3%A9aaa")
    assert long.body.endswith("a&f=b&f=c%2Cd")


def test_who_is_not_google_is_shown_no_credential(
    local: Local, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the account's nor a person's; credentials are not even looked for."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    session.call(SERVICE, "v1/x")
    assert [asked.authorization for asked in local.asked] == ["Bearer owner"]


class Here(Session):
    """A session for which Google is on this machine."""

    def __init__(self, local: Local, watch: Watch) -> None:
        super().__init__(rest=watch.rest, clock=watch.clock)
        self.local = local

    def base(self, service: str, location: str = "") -> str:
        """Give the local address."""
        del service, location
        return self.local.url


@pytest.fixture
def account(local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials of a service account whose tokens the local service gives."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = generate_private_key(65_537, 2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "its-project",
        "private_key": pem.decode(),
        "client_email": "it@its-project.iam.gserviceaccount.com",
        "token_uri": f"{local.url}/token",
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


TOKEN = (200, '{"access_token":"t0ken","expires_in":3600,"token_type":"Bearer"}')


@pytest.mark.usefixtures("account")
def test_google_is_shown_a_token_that_is_fetched_once(local: Local, watch: Watch) -> None:
    """Credentials are found at the first call; the project is theirs."""
    session = Here(local, watch)
    local.answers = [TOKEN]
    assert session.project() == "its-project"
    assert local.asked == []
    session.call("firestore", "v1/a")
    session.call("monitoring", "v3/b")
    assert [(asked.path, asked.authorization) for asked in local.asked] == [
        ("/token", ""),
        ("/v1/a", "Bearer t0ken"),
        ("/v3/b", "Bearer t0ken"),
    ]
    session.close()


@pytest.mark.usefixtures("account")
def test_a_token_that_google_refuses_is_a_matter_for_a_human(local: Local, watch: Watch) -> None:
    """The account was deleted, or its key."""
    session = Here(local, watch)
    local.answers = [(400, '{"error":"invalid_grant","error_description":"Invalid JWT"}')] * 9
    with pytest.raises(CallError, match="invalid_grant") as refused:
        session.call("firestore", "v1/a")
    assert (refused.value.status, refused.value.passes) == (NO_CREDENTIALS, False)
    assert not refused.value.doubtful
    assert watch.waits == []
    session.close()


@pytest.mark.usefixtures("account")
def test_a_token_that_cannot_be_fetched_now_may_be_later(local: Local, watch: Watch) -> None:
    """Nothing was sent, so nothing can have landed."""
    session = Here(local, watch)
    assert session.project()  # the credentials are read
    dead = socket.socket()
    dead.bind(("127.0.0.1", 0))
    made: Any = session._made[True]
    made.credentials._token_uri = f"http://127.0.0.1:{dead.getsockname()[1]}/"
    dead.close()
    with pytest.raises(CallError) as refused:
        session.call("firestore", "v1/a", within_s=0.0)
    assert (refused.value.status, refused.value.passes) == (UNREACHABLE, True)
    assert not refused.value.doubtful
    session.close()


# --- what is sent again ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """An answer, and whether it may pass and may have landed."""

    code: int
    text: str
    passes: bool = False
    doubtful: bool = False


CASES = [
    Case(400, '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no"}}'),
    Case(403, '[{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}]'),
    Case(404, "Not Found"),
    Case(302, ""),
    Case(408, "", passes=True),
    Case(409, '{"error":{"code":409,"status":"ABORTED","message":"busy"}}', passes=True),
    Case(409, '{"error":{"code":409,"status":"ALREADY_EXISTS","message":"there"}}'),
    Case(429, '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', passes=True),
    Case(500, '{"error":{"code":500,"status":"INTERNAL"}}', passes=True, doubtful=True),
    Case(501, '{"error":"x"}', doubtful=True),
    Case(502, "<html>", passes=True, doubtful=True),
    Case(503, "[]", passes=True, doubtful=True),
    Case(504, '["x"]', passes=True, doubtful=True),
    Case(0, "", passes=True, doubtful=True),
    Case(200, "{", doubtful=True),
    Case(
        200,
        '[{"a":1},{"error":{"code":503,"status":"UNAVAILABLE","message":"midway"}}]',
        passes=True,
        doubtful=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.text[:60]}")
def test_an_error_says_whether_to_try_again_and_whether_it_may_have_landed(
    local: Local, session: Session, case: Case
) -> None:
    """By its status: the service's own words are for people."""
    local.answers = [(case.code, case.text)]
    with pytest.raises(CallError) as refused:
        session.call(SERVICE, "v1/x", {}, once=True)
    assert (refused.value.passes, refused.value.doubtful) == (case.passes, case.doubtful)
    assert len(local.asked) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.text[:60]}")
def test_only_what_may_pass_is_sent_again(local: Local, session: Session, case: Case) -> None:
    """And then it is answered."""
    local.answers = [(case.code, case.text)]
    if case.passes:
        assert session.call(SERVICE, "v1/x", {}) == {}
    else:
        with pytest.raises(CallError):
            session.call(SERVICE, "v1/x", {})
    assert len(local.asked) == 1 + case.passes


def test_an_error_keeps_the_service_s_words(local: Local, session: Session) -> None:
    """Code, status and message, but no more of it than fits on a screen."""
    local.refuse(400, "FAILED_PRECONDITION", "the index " + "x" * 9_000)
    with pytest.raises(CallError) as refused:
        session.call(SERVICE, "v1/x")
    error = refused.value
    assert (error.code, error.status, len(error.message)) == (400, "FAILED_PRECONDITION", 500)
    assert str(error).startswith("400 FAILED_PRECONDITION: the index x")
    assert str(read_refusal(502, "<html>")) == "502 : <html>"


def test_an_earlier_try_that_may_have_landed_is_not_forgotten(
    local: Local, session: Session
) -> None:
    """The last refusal is about the last try."""
    local.refuse(503, "UNAVAILABLE")
    local.refuse(400, "FAILED_PRECONDITION")
    with pytest.raises(CallError) as refused:
        session.call(SERVICE, "v1/x")
    assert (refused.value.code, refused.value.doubtful) == (400, True)


def test_tries_end_with_the_time_that_was_given(
    local: Local, session: Session, watch: Watch
) -> None:
    """Their waits grow to a limit, are of random length, and never pass the deadline."""
    local.refuse(429, "RESOURCE_EXHAUSTED", times=99)
    with pytest.raises(CallError, match="RESOURCE_EXHAUSTED"):
        session.call(SERVICE, "v1/x")
    assert WITHIN_S - LONGEST_WAIT_S <= watch.now_s <= WITHIN_S
    assert len(local.asked) == len(watch.waits) + 1
    assert all(wait <= 0.1 * 2**n for n, wait in enumerate(watch.waits))
    assert max(watch.waits) <= LONGEST_WAIT_S
    assert len(set(watch.waits)) == len(watch.waits)
    before = len(local.asked)
    with pytest.raises(CallError):
        session.call(SERVICE, "v1/x", within_s=0.0)
    assert len(local.asked) == before + 1


def test_a_host_that_does_not_answer_was_not_reached(watch: Watch) -> None:
    """Nothing was sent, so nothing can have landed; it may be back."""
    session = Session({SERVICE: "http://127.0.0.1:1"}, rest=watch.rest, clock=watch.clock)
    with pytest.raises(CallError) as refused:
        session.call(SERVICE, "v1/x", {})
    error = refused.value
    assert (error.code, error.status, error.passes, error.doubtful) == (0, UNREACHABLE, True, False)
    assert watch.waits
    session.close()


def test_a_host_that_speaks_no_tls_is_not_asked_again(local: Local, watch: Watch) -> None:
    """That does not pass."""
    url = local.url.replace("http:", "https:")
    session = Session({SERVICE: url}, rest=watch.rest, clock=watch.clock)
    with pytest.raises(CallError) as refused:
        session.call(SERVICE, "v1/x", {})
    assert (refused.value.status, refused.value.passes) == (UNREACHABLE, False)
    assert watch.waits == []
    session.close()


def test_a_session_that_was_closed_connects_again(local: Local, session: Session) -> None:
    """It is shared by all that ask Google: one that is done does not end the others."""
    session.call(SERVICE, "v1/x")
    session.close()
    session.close()
    session.call(SERVICE, "v1/x")
    assert len(local.asked) == 2


def test_nothing_is_loaded_before_the_first_call() -> None:
    """A wake that never asks Google pays for none of its libraries."""
    import subprocess
    import sys

    program = (
        "import sys; from flyball.adapters.gcp.firestore import FirestoreLedger; "
        "from flyball.adapters.gcp.session import Session; FirestoreLedger(Session(), 'p'); "
        "print([m for m in ('requests', 'google.auth', 'grpc', 'boto3') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


PAGE = """<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error 404 (Not Found)!!1</title>
<style>*{margin:0;padding:0}</style><p><b>404.</b> <ins>That&#39;s an error.</ins>
<p>The requested URL was not found.</html>"""


def test_of_a_page_for_browsers_only_its_words_are_told() -> None:
    """A host that is gone answers with one."""
    assert read_refusal(404, PAGE).message == (
        "404. That's an error. The requested URL was not found."
    )
    assert read_refusal(404, "a < b, and no page").message == "a < b, and no page"


def test_missing_credentials_are_told_with_what_makes_them() -> None:
    """Whoever asks."""
    told = str(CallError(0, NO_CREDENTIALS, "none"))
    assert "gcloud auth application-default login" in told
    assert NO_CREDENTIALS not in told
