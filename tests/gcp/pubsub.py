"""How is Pub/Sub started on this machine, and what does a test do with its topics?

Google's emulator: it pushes to subscribers, and pushes again what they did not take.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flyball.adapters.gcp.session import Session
from tests.aws.rig import Server, serve
from tests.gcp.rig import find_jar

PROGRAM = "pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
"""Where the Google Cloud CLI has it, from the folder of its emulators on."""
INSTALL = "gcloud components install pubsub-emulator cloud-firestore-emulator"
ACK_S = 600
"""The longest there is: a delivery is over when it is answered, and not before."""


class Message(NamedTuple):
    """A message that was taken from a topic.

    Attributes:
        body: Its data.
        attributes: Text by name.
    """

    body: bytes
    attributes: Mapping[str, str]


class PubSub:
    """Topics of one project.

    Args:
        url: The emulator's.
        project: Whose.
    """

    def __init__(self, url: str, project: str) -> None:
        self._session = Session({"pubsub": url})
        self._project = project

    def create(self, topic: str) -> None:
        """Create a topic."""
        self._call(f"topics/{topic}", {}, method="PUT")

    def push(self, topic: str, url: str) -> None:
        """Push what is published from now on to a URL; what fails comes again within a second."""
        self._subscribe(
            topic,
            {
                "pushConfig": {"pushEndpoint": url},
                "retryPolicy": {"minimumBackoff": "0.2s", "maximumBackoff": "1s"},
            },
        )

    def keep(self, topic: str) -> None:
        """Keep what is published from now on, for take."""
        self._subscribe(topic, {})

    def publish(self, topic: str, body: object) -> str:
        """Publish a message, as JSON where it is no bytes, and give its id."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = {"data": base64.b64encode(sent).decode()}
        answer = self._call(f"topics/{topic}:publish", {"messages": [message]})
        (message_id,) = answer["messageIds"]
        return str(message_id)

    def take(self, topic: str) -> Sequence[Message]:
        """Take what a topic keeps."""
        path = f"subscriptions/of-{topic}"
        asked = {"maxMessages": 100, "returnImmediately": True}
        received = self._call(f"{path}:pull", asked).get("receivedMessages", [])
        if received:
            self._call(f"{path}:acknowledge", {"ackIds": [each["ackId"] for each in received]})
        return [
            Message(
                base64.b64decode(each["message"].get("data", "")),
                each["message"].get("attributes", {}),
            )
            for each in received
        ]

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _subscribe(self, topic: str, how: Mapping[str, Any]) -> None:
        whole = f"projects/{self._project}/topics/{topic}"
        given = {"topic": whole, "ackDeadlineSeconds": ACK_S, **how}
        self._call(f"subscriptions/of-{topic}", given, method="PUT")

    def _call(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        whole = f"v1/projects/{self._project}/{path}"
        return self._session.call("pubsub", whole, body, method=method)


def start_pubsub(folder: Path) -> Server:
    """Start the emulator; skips the test, and says why, where it is not installed."""
    java, firestore = shutil.which("java"), find_jar()
    found = [] if firestore is None else list(firestore.parents[1].glob(PROGRAM))
    if java is None or not found:
        lacking = "Java" if java is None else f"an emulator ({INSTALL})"
        pytest.skip(f"{lacking} is not installed, and the functions are run end to end against it")
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-Duser.language=en"]
    command = [java, *options, "-jar", str(found[0]), "--host=127.0.0.1", "--port={port}"]
    return serve("pubsub", folder, command, {}, "/")
