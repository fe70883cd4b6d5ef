"""How does a call fail under the real client: refused, or done with its answer lost?

The hook is botocore's own, below its retries and above the wire.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any


class Raw(io.BytesIO):
    """A body as the client reads one."""

    def stream(self, size: int = 65_536) -> Iterator[bytes]:
        """Give it piece by piece."""
        while piece := self.read(size):
            yield piece


def answer(code: str, status: int = 400, **fields: Any) -> Any:
    """Make the service's answer of a refusal."""
    from botocore.awsrequest import AWSResponse

    said = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": f"{code}!", **fields}
    headers = {"x-amzn-requestid": "r"}
    return AWSResponse("http://127.0.0.1", status, headers, Raw(json.dumps(said).encode()))


def refuse(
    client: Any,
    operation: str,
    code: str,
    status: int = 400,
    times: int = 1,
    *,
    after: int = 0,
    **fields: Any,
) -> None:
    """Refuse the next calls of an operation before they are sent, but for so many first ones."""
    refused = [False] * after + [True] * times

    def intercept(**_: Any) -> Any:
        return answer(code, status, **fields) if refused and refused.pop(0) else None

    client.meta.events.register_first(f"before-send.dynamodb.{operation}", intercept)


def lose_answer(client: Any, operation: str) -> None:
    """Let the next call of an operation be done, and its answer be lost on the way back."""
    left = [1]

    def intercept(request: Any, **_: Any) -> Any:
        from botocore.httpsession import URLLib3Session

        left[0] -= 1
        if left[0] < 0:
            return None
        session = URLLib3Session()
        landed = session.send(request)
        session.close()
        assert landed.status_code == 200, landed.text
        return answer("InternalServerError", 500)

    client.meta.events.register_first(f"before-send.dynamodb.{operation}", intercept)


def count_calls(client: Any) -> list[tuple[str, dict[str, Any]]]:
    """Note every request that is made from now on: operation and parameters."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    client.meta.events.register_first("provide-client-params.dynamodb.*", note)
    return calls
