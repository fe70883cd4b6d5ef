"""What does CloudWatch remember of the requests that reached a SageMaker endpoint?

Requests are `Invocations`, which is published where one came and nowhere else. Whether somebody was
there to count, the instances' own reports say: a sample of their CPU. How many there were follows
from the requests themselves, since each of them adds 1/n to `InvocationsPerInstance` (of an
inference component: `InvocationsPerCopy`): n is the quotient of the two sums.

Source: CloudWatch User Guide, "Metrics retention"; Amazon SageMaker AI Developer Guide, "Amazon
SageMaker AI metrics in Amazon CloudWatch" (also of inference components) and "Monitor asynchronous
endpoint", which says that these publish no Invocations.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from flyball.adapters.aws.asked import DENIED, LAPSED
from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.cloudwatch import CloudWatchMetrics
from flyball.adapters.aws.component import fetch_component
from flyball.adapters.aws.query import Query, find_dimensions
from flyball.adapters.aws.refusal import is_throttled
from flyball.adapters.aws.resource import (
    Component,
    Group,
    ResourceError,
    Variant,
    name_resource,
    read_resource,
)
from flyball.adapters.aws.sagemaker import fetch_endpoint
from flyball.core.model import Missing
from flyball.core.target import ScalableTarget
from flyball.history import Count, HistoryError, Keep, ThrottledError, count_requests, widen
from flyball.metricmath import Values
from flyball.recipe import Span

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEEPS = (
    Keep(MINUTE, 15 * DAY),
    Keep(5 * MINUTE, 63 * DAY),
    Keep(60 * MINUTE, 455 * DAY),
)
INVOCATIONS = "AWS/SageMaker"
AGAIN = "what was pulled is kept: run it again"
LOGIN = "`aws sso login`, `aws configure`, or AWS_PROFILE and AWS_REGION"
KEY_LETTERS = 16


class Names(NamedTuple):
    """Under which names a kind of resource is counted.

    Attributes:
        each: Requests of one instance or copy, in the namespace INVOCATIONS.
        space: Namespace of what instances report.
        report: What they do.
    """

    each: str
    space: str
    report: str


OF_VARIANT = Names("InvocationsPerInstance", "/aws/sagemaker/Endpoints", "CPUUtilization")
OF_COMPONENT = Names(
    "InvocationsPerCopy", "/aws/sagemaker/InferenceComponents", "CPUUtilizationNormalized"
)


class CloudWatchPast:
    """Traffic of SageMaker's variants and inference components, by GetMetricData alone.

    Args:
        clients: With cloudwatch:GetMetricData; sagemaker:DescribeEndpoint and
            sagemaker:DescribeInferenceComponent only make the answer better where nothing is found.
    """

    name = "cloudwatch"
    home = "aws"
    keeps: Sequence[Keep] = KEEPS

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._metrics = CloudWatchMetrics(clients)

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Say in which region and account it is asked; the account is asked for once a key."""
        try:
            meta = self._clients.get("cloudwatch").meta
            key = self._clients.access_key()
            badge = sha256(key.encode()).hexdigest()[:KEY_LETTERS]
            if key and badge not in known:
                known[badge] = self._clients.get("sts").get_caller_identity()["Account"]
        except Exception as error:
            raise HistoryError(explain_refusal(error)) from error
        if not key:
            raise HistoryError(f"no credentials for AWS were found; {LOGIN}")
        return f"{meta.endpoint_url} {meta.region_name} {known[badge]}"

    def name_series(self, scalable_target: ScalableTarget) -> str:
        """Name the metrics, with their dimensions."""
        return " ".join(map(str, self._make_queries(scalable_target, MINUTE)))

    def pull(self, scalable_target: ScalableTarget, span: Span) -> Sequence[Count]:
        """Ask for a span, in one call with its pages."""
        queries = self._make_queries(scalable_target, span.period)
        try:
            found = self._metrics.fetch(queries, widen(span))
        except Exception as error:
            kind = ThrottledError if is_throttled(error) else HistoryError
            raise kind(f"{scalable_target.id}: {explain_refusal(error)}") from error
        counts, each, reports = (_expect(scalable_target.id, found[query]) for query in queries)
        instances = {at: counts[at] / value for at, value in each.items() if value and at in counts}
        return count_requests(span, counts, reports, instances)

    def tell_nothing(self, scalable_target: ScalableTarget) -> str:
        """Look whether what is asked for is there at all."""
        resource = read_resource(scalable_target.resource)
        region = self._clients.get("cloudwatch").meta.region_name
        try:
            if isinstance(resource, Component):
                fetch_component(self._clients, resource.inference_component)
            elif isinstance(resource, Variant):
                answer = fetch_endpoint(self._clients, resource.endpoint)
                return _tell_empty(answer, resource)
        except Exception as error:  # noqa: BLE001  (it only makes the answer better)
            if "could not find" in error_message(error).lower():
                return f"there is no {name_resource(resource)} in {region}; another --region?"
            return f"whether it exists could not be seen ({error_code(error) or error})"
        return "it exists, and nothing reached it then"

    def _make_queries(self, target: ScalableTarget, period: timedelta) -> tuple[Query, ...]:
        """Say what is asked for: requests, those of each instance, and what instances report."""
        try:
            resource = read_resource(target.resource)
        except ResourceError as error:
            raise HistoryError(f"{target.id}: {error}") from error
        if isinstance(resource, Group):
            raise HistoryError(
                f"{target.id}: an EC2 Auto Scaling group counts no requests of its own; save those "
                f"of its load balancer or queue as CSV, and give --trace {target.id}=FILE"
            )
        names = OF_COMPONENT if isinstance(resource, Component) else OF_VARIANT
        asked = (
            (INVOCATIONS, "Invocations", "Sum"),
            (INVOCATIONS, names.each, "Sum"),
            (names.space, names.report, "SampleCount"),
        )
        seconds = round(period.total_seconds())
        dimensions = tuple(sorted(find_dimensions("Invocations", target.resource).items()))
        return tuple(Query(space, name, dimensions, how, seconds) for space, name, how in asked)


def explain_refusal(error: Exception) -> str:
    """Say why nothing was answered, and the remedy."""
    code, words = error_code(error), error_message(error)
    if code in DENIED:
        return (
            f"AWS: metrics may not be read: {words}; allow cloudwatch:GetMetricData on "
            "resource *, which only reads"
        )
    if code in LAPSED:
        return f"AWS: the credentials are not, or no longer, good: {words}; {LOGIN}"
    if is_throttled(error):
        return f"AWS was asked too often; wait a minute; {AGAIN}"
    if not code and any(part in type(error).__name__ for part in ("Credential", "Region", "SSO")):
        return f"no credentials or region for AWS were found: {words} {LOGIN}"
    return f"AWS: {words}; {AGAIN}"


def _expect(target: str, answer: Values | Missing) -> Values:
    if isinstance(answer, Missing):
        raise HistoryError(f"{target}: AWS: {answer.detail}; {AGAIN}")
    return answer


def _tell_empty(answer: Mapping[str, object], resource: Variant) -> str:
    """Say of an endpoint that exists why nothing may have been counted."""
    if answer.get("AsyncInferenceConfig"):
        return "it is an asynchronous endpoint, which publishes no Invocations; give a --trace"
    variants = answer.get("ProductionVariants")
    names = [
        str(each.get("VariantName"))
        for each in (variants if isinstance(variants, list) else ())
        if isinstance(each, Mapping)
    ]
    if names and resource.variant not in names:
        return f"the endpoint has no variant {resource.variant!r}; it has {', '.join(names)}"
    return "it exists, and nothing reached it then"
