"""What do alert policies, channels and dashboards answer by REST, where gcloud asks for them?

Google's API is transcoded: a call by REST is one by gRPC in other words. So a policy that comes
here is the one that Google's client finds by gRPC, and the other way round. Of channels and
dashboards gRPC is not spoken by anything of ours, and they are kept as they came.

Source: Google Cloud Monitoring API v3, projects.alertPolicies and projects.notificationChannels,
"Sorting and filtering"; v1, projects.dashboards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from hashlib import sha256
from typing import Any

from google.cloud import monitoring_v3 as api

from tests.gcp import alerting, serving
from tests.gcp.alerting import write
from tests.gcp.discovery import Json, Method, write_camel

FLAGS = frozenset({"", "false"})
_TERM = re.compile(r'(?P<path>[A-Za-z_.]+)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*")')


class Transcoded:
    """One account's Monitoring by REST.

    Args:
        account: Its alert policies, which gRPC serves too.

    Attributes:
        documents: What it is held to.
        channels: By name.
        boards: By name.
    """

    documents: tuple[str, ...] = ("monitoring.v3", "monitoring.v1")

    def __init__(self, account: alerting.Policies) -> None:
        self._account = account
        self.channels: dict[str, Json] = {}
        self.boards: dict[str, Json] = {}
        self._made = 0

    def answer(self, method: Method, query: serving.Query, body: Json) -> Json:
        """Answer a call that is one of the documents'; raises serving.RefusalError."""
        acts: dict[str, Callable[[Method, serving.Query, Json], Json]] = {
            "projects.alertPolicies": self._answer_policies,
            "projects.notificationChannels": self._answer_channels,
            "projects.dashboards": self._answer_boards,
        }
        act = acts.get(method.name.rpartition(".")[0])
        if act is None:
            raise serving.RefusalError("INVALID_ARGUMENT", f"{method.name} is not served here")
        return deepcopy(act(method, query, body))

    def _answer_policies(self, method: Method, query: serving.Query, body: Json) -> Json:
        """Ask for what gRPC would be asked for, and write its answer as REST does."""
        verb, name = method.name.rpartition(".")[2], _name(method)
        if verb == "list":
            found = [write(each) for each in self._account.policies.values()]
            return _page(found, "alertPolicies", name, query)
        if verb == "get":
            return write(_find(self._account.policies, name))
        given = api.AlertPolicy.from_json(json.dumps(body))
        if verb == "patch":
            given = self._merge(name, body, write_camel(query.get("updateMask", "")))
        try:
            return self._account.act(verb, name, given)
        except alerting.RefusalError as error:
            raise serving.RefusalError(error.code.name, str(error)) from error

    def _merge(self, name: str, body: Json, mask: str) -> Any:
        """Make the whole policy of a change: of one by a mask, the rest is what is there."""
        there = write(_find(self._account.policies, name))
        if not mask:
            return api.AlertPolicy.from_json(json.dumps({**body, "name": name}))
        for field in mask.split(","):
            there.pop(field, None)
            if field in body:
                there[field] = body[field]
        return api.AlertPolicy.from_json(json.dumps(there))

    def _answer_channels(self, method: Method, query: serving.Query, body: Json) -> Json:
        verb, name = method.name.rpartition(".")[2], _name(method)
        if verb == "list":
            return _page(list(self.channels.values()), "notificationChannels", name, query)
        if verb == "create":
            if body.get("name"):
                raise _invalid("notification_channel.name", "must not be set")
            return self._keep(self.channels, f"{name}/notificationChannels", body)
        there: Json = _find(self.channels, name)
        if verb == "get":
            return there
        if verb == "delete":
            self._drop_channel(name, is_forced=query.get("force", "").lower() not in FLAGS)
            return {}
        mask = write_camel(query.get("updateMask", "")).split(",")
        if mask != [""]:
            kept = {field: value for field, value in there.items() if field not in mask}
            body = kept | {field: value for field, value in body.items() if field in mask}
        self.channels[name] = {"enabled": True, **body, "name": name}
        return self.channels[name]

    def _drop_channel(self, name: str, *, is_forced: bool) -> None:
        """Remove a channel; one that a policy names only with force, which then no longer does."""
        using = [p for p in self._account.policies.values() if name in p.notification_channels]
        if using and not is_forced:
            raise serving.RefusalError(
                "FAILED_PRECONDITION", f"{name} is referenced by {using[0].name}"
            )
        for policy in using:
            policy.notification_channels = [n for n in policy.notification_channels if n != name]
        del self.channels[name]

    def _answer_boards(self, method: Method, _: serving.Query, body: Json) -> Json:
        verb, name = method.name.rpartition(".")[2], _name(method)
        if verb == "list":
            own = [each for each in self.boards.values() if each["name"].startswith(f"{name}/")]
            return {"dashboards": own} if own else {}
        if verb == "create":
            made = self._keep(self.boards, f"{name}/dashboards", body)
            made.pop("enabled")
            return self._stamp(made)
        there = _find(self.boards, name)
        if verb == "delete":
            del self.boards[name]
            return {}
        if verb == "patch":
            if body.get("etag") != there["etag"]:
                raise serving.RefusalError("ABORTED", "the etag is not that of what is there")
            self.boards[name] = self._stamp({**body, "name": name})
        return self.boards[name]

    def _keep(self, of: dict[str, Json], parent: str, body: Json) -> Json:
        self._made += 1
        name = f"{parent}/{self._made}"
        of[name] = {"enabled": True, **body, "name": name}
        return of[name]

    def _stamp(self, board: Json) -> Json:
        """Give a board the mark of what it holds."""
        board.pop("etag", None)
        board["etag"] = sha256(json.dumps(board, sort_keys=True).encode()).hexdigest()[:32]
        return board


@contextmanager
def serve_transcoded(account: alerting.Policies) -> Iterator[tuple[serving.Server, Transcoded]]:
    """Serve an account's Monitoring by REST until the block ends."""
    cloud = Transcoded(account)
    with serving.serving(cloud) as server:
        yield server, cloud


def _name(method: Method) -> str:
    """Give the name of what a call is about: a resource, or of a list and a creation its parent."""
    ids = list(method.path.items())
    return "/".join(f"{key.removesuffix('Id')}/{value}" for key, value in ids)


def _find(of: dict[str, Any], name: str) -> Any:
    if name not in of:
        raise serving.RefusalError("NOT_FOUND", f"Requested entity {name} was not found.")
    return of[name]


def _page(found: list[Json], field: str, parent: str, query: serving.Query) -> Json:
    """Give one page of what is a project's and matches a filter."""
    terms = _read_filter(query.get("filter", ""))
    own = [
        each
        for each in found
        if each["name"].startswith(f"{parent}/")
        and all(_get(each, path) == value for path, value in terms)
    ]
    start = int(query.get("pageToken") or 0)
    end = start + int(query.get("pageSize") or 100)
    told: Json = {field: own[start:end]} if own[start:end] else {}
    return {**told, "nextPageToken": str(end)} if end < len(own) else told


def _read_filter(text: str) -> list[tuple[list[str], str]]:
    """Read equalities joined by AND, in the one form that is asked for here."""
    terms = []
    for part in text.split(" AND ") if text else ():
        term = _TERM.fullmatch(part.strip().strip("()"))
        if term is None:
            raise _invalid("filter", f"could not parse {part!r}")
        terms.append((term["path"].split("."), str(json.loads(term["value"]))))
    return terms


def _get(value: Any, path: list[str]) -> Any:
    """Find a field; its name may be written in either way."""
    for part in path:
        value = value.get(part, value.get(write_camel(part))) if isinstance(value, dict) else None
    return value


def _invalid(field: str, message: str) -> serving.RefusalError:
    return serving.RefusalError(
        "INVALID_ARGUMENT", f"Field {field} had an invalid value: {message}"
    )
