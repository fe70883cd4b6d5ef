"""What would Google do with alert policies: a server here that Google's own client speaks to?

What the API refuses, it refuses in the API's words. Every policy that comes or goes is held to
Google's discovery document.

Source: Google Cloud Monitoring API v3, projects.alertPolicies and AlertPolicy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.cloud import monitoring_v3 as api
from google.protobuf import empty_pb2

from tests.gcp.discovery import ContractError, Json, check_value

SERVICE = "google.monitoring.v3.AlertPolicyService"
CONDITIONS, LABELS, LABEL = 6, 64, 63
MINUTE_S = 60
ABSENT_S = (120, 84_600)
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_CHANNEL = re.compile(r"projects/[^/]+/notificationChannels/\d+")


class RefusalError(Exception):
    """What the API says instead of an answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = grpc.StatusCode[code]


class Policies:
    """One account's alert policies, and what was asked for.

    Attributes:
        policies: By name.
        asked: The name of every call that arrived, in order.
        faults: What happens to the next calls: (call, code, whether it is done all the same).
        broken: What broke the discovery document.
        page: Policies on one page at most.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.policies: dict[str, Any] = {}
        self.asked: list[str] = []
        self.faults: list[tuple[str, str, bool]] = []
        self.broken: list[str] = []
        self.page = 100
        self.url = ""
        self._made = 0

    def serve(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        """Make what answers one call."""
        act = {
            "ListAlertPolicies": self._list,
            "CreateAlertPolicy": self._create,
            "UpdateAlertPolicy": self._update,
            "DeleteAlertPolicy": self._delete,
        }[name]

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.asked.append(name)
            fault = next((each for each in self.faults if each[0] in (name, "")), None)
            if fault is not None:
                self.faults.remove(fault)
                if fault[2]:
                    act(request)
                context.abort(grpc.StatusCode[fault[1]], "as told")
            try:
                return act(request)
            except RefusalError as error:
                context.abort(error.code, str(error))

        return answer

    def add(self, policy: Mapping[str, Any], project: str = "acme") -> str:
        """Put a policy there, as somebody else would; give its name."""
        return str(self._keep(project, api.AlertPolicy(dict(policy))).name)

    def named(self, display_name: str) -> Any:
        """Give the one policy of a display name."""
        (found,) = [each for each in self.policies.values() if each.display_name == display_name]
        return found

    def act(self, verb: str, name: str, policy: Any) -> Json:
        """Do what was asked by REST, and give the answer as gRPC's in REST's words.

        Args:
            verb: "create", "patch" or "delete".
            name: Of the policy; of the project, where it is created.
            policy: What came; of a deletion it is not looked at.

        Raises:
            RefusalError: As gRPC refuses it.
        """
        match verb:
            case "create":
                made = self._create(api.CreateAlertPolicyRequest(name=name, alert_policy=policy))
            case "patch":
                made = self._update(api.UpdateAlertPolicyRequest(alert_policy=policy))
            case _:
                self._delete(api.DeleteAlertPolicyRequest(name=name))
                return {}
        return write(made)

    def _list(self, request: Any) -> Any:
        assert not request.filter, "filters are not served here"
        start = int(request.page_token or 0)
        own = [each for name, each in self.policies.items() if name.startswith(f"{request.name}/")]
        end = start + min(self.page, request.page_size or self.page)
        token = str(end) if end < len(own) else ""
        return api.ListAlertPoliciesResponse(alert_policies=own[start:end], next_page_token=token)

    def _create(self, request: Any) -> Any:
        if request.alert_policy.name:
            raise RefusalError("INVALID_ARGUMENT", "Field alert_policy.name must not be set")
        self._check(request.alert_policy)
        return self._keep(request.name.partition("/")[2], request.alert_policy)

    def _update(self, request: Any) -> Any:
        name = request.alert_policy.name
        if name not in self.policies:
            raise RefusalError("NOT_FOUND", f"Requested entity {name} was not found.")
        self._check(request.alert_policy)
        assert not request.update_mask.paths, "masks are not served here"
        record = self.policies[name].creation_record
        self.policies[name] = self._finish(request.alert_policy)
        self.policies[name].creation_record = record
        return self.policies[name]

    def _delete(self, request: Any) -> Any:
        if self.policies.pop(request.name, None) is None:
            raise RefusalError("NOT_FOUND", f"Requested entity {request.name} was not found.")
        return empty_pb2.Empty()

    def _keep(self, project: str, policy: Any) -> Any:
        self._made += 1
        policy.name = f"projects/{project}/alertPolicies/{self._made}"
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._made)
        policy.creation_record = {"mutate_time": at, "mutated_by": "somebody@example.com"}
        self.policies[policy.name] = self._finish(policy)
        return policy

    def _finish(self, policy: Any) -> Any:
        for number, condition in enumerate(policy.conditions, start=1):
            condition.name = condition.name or f"{policy.name}/conditions/{number}"
        if "enabled" not in policy:
            policy.enabled = True
        self._hold(policy)
        return policy

    def _hold(self, policy: Any) -> None:
        try:
            check_value("monitoring.v3", "AlertPolicy", write(policy))
        except ContractError as error:
            self.broken.append(str(error))

    def _check(self, policy: Any) -> None:
        """Refuse what the API refuses."""
        self._hold(policy)
        if not 1 <= len(policy.conditions) <= CONDITIONS:
            raise _invalid("conditions", f"must have 1 to {CONDITIONS}")
        if not policy.combiner:
            raise _invalid("combiner", "must be given")
        labels = policy.user_labels
        if len(labels) > LABELS:
            raise _invalid("user_labels", f"at most {LABELS}")
        for key, value in labels.items():
            if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
                raise _invalid("user_labels", f"{key}={value}")
        for channel in policy.notification_channels:
            if not _CHANNEL.fullmatch(channel):
                raise _invalid("notification_channels", channel)
        for condition in policy.conditions:
            _check_condition(condition)


@contextmanager
def serve_policies() -> Iterator[Policies]:
    """Serve an account without policies at 127.0.0.1 until the block ends."""
    account = Policies()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((handle_policies(account),))
    account.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield account
    finally:
        server.stop(grace=None).wait()


def handle_policies(account: Policies) -> Any:
    """Make what a server of gRPC answers for an account's alert policies with."""
    requests: dict[str, Any] = {
        "ListAlertPolicies": api.ListAlertPoliciesRequest,
        "CreateAlertPolicy": api.CreateAlertPolicyRequest,
        "UpdateAlertPolicy": api.UpdateAlertPolicyRequest,
        "DeleteAlertPolicy": api.DeleteAlertPolicyRequest,
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            account.serve(name),
            request_deserializer=request.deserialize,
            response_serializer=_serialize,
        )
        for name, request in requests.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


def write(policy: Any) -> Json:
    """Write a policy as REST does."""
    text = api.AlertPolicy.to_json(
        policy, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    written: Json = json.loads(text)
    return written


def _serialize(answer: Any) -> bytes:
    written = answer if isinstance(answer, empty_pb2.Empty) else type(answer).pb(answer)
    return bytes(written.SerializeToString())


def _check_condition(given: Any) -> None:
    is_absence = "condition_absent" in given
    condition = given.condition_absent if is_absence else given.condition_threshold
    if not re.search(r"metric\.type = ", condition.filter):
        raise _invalid("filter", "must specify a metric type")
    if not re.search(r"resource\.type = ", condition.filter):
        raise _invalid("filter", "must specify a resource type")
    duration_s = condition.duration.total_seconds()
    if duration_s % MINUTE_S:
        raise _invalid("duration", "must be a multiple of a minute")
    for aggregation in condition.aggregations:
        if aggregation.alignment_period.total_seconds() < MINUTE_S:
            raise _invalid("aggregations", "the alignment period must be at least 60 seconds")
    if is_absence:
        if not ABSENT_S[0] <= duration_s <= ABSENT_S[1]:
            raise _invalid("duration", "of an absence must be 2 minutes to 23.5 hours")
        return
    if condition.evaluation_missing_data and duration_s < MINUTE_S:
        raise _invalid("evaluation_missing_data", "needs a duration of 60 seconds or more")
    if condition.comparison not in (
        api.ComparisonType.COMPARISON_GT,
        api.ComparisonType.COMPARISON_LT,
    ):
        raise _invalid("comparison", "only COMPARISON_LT and COMPARISON_GT are supported")


def _invalid(field: str, message: str) -> RefusalError:
    return RefusalError(
        "INVALID_ARGUMENT", f"Field alert_policy.{field} had an invalid value: {message}"
    )
