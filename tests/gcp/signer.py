"""How does Cloud Scheduler prove who it is, where Google's keys are ours?

A key that is made for the test, its certificate where Google publishes its own, and tokens that
Google's own library signs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

KEY_ID = "key-of-today"
BITS = 2048
HOUR = timedelta(hours=1)


class Signer:
    """A key, and who knows it.

    Attributes:
        certificate: PEM.
    """

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
        now = datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.test")])
        built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = built.not_valid_before(now - HOUR).not_valid_after(now + 24 * HOUR)
        signed = made.sign(key, hashes.SHA256())
        self.certificate = signed.public_bytes(serialization.Encoding.PEM).decode()
        self._key = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def sign(self, audience: str, email: str, now: datetime) -> str:
        """Write the token of a service account for an audience, as Google does."""
        at = int(now.timestamp())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": audience,
            "azp": "104029292853099978293",
            "sub": "104029292853099978293",
            "email": email,
            "email_verified": True,
            "iat": at,
            "exp": at + 3_600,
        }
        signer = crypt.RSASigner.from_string(self._key, KEY_ID)  # type: ignore[no-untyped-call]
        token: bytes = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
        return token.decode()


class Certificates(ThreadingHTTPServer):
    """Publishes a signer's certificate, whatever is asked for.

    Attributes:
        asked: The paths that were asked for.
    """

    daemon_threads = True

    def __init__(self, signer: Signer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.signer = signer
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Say where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Certificates

    def do_GET(self) -> None:
        """Answer with the one certificate there is."""
        self.server.asked.append(self.path)
        said = json.dumps({KEY_ID: self.server.signer.certificate}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def publishing(signer: Signer) -> Iterator[Certificates]:
    """Publish a signer's certificate for a while."""
    with Certificates(signer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
