"""How is SageMaker Inference Recommender asked to load test a model, and for what it found?

There is no client token: a trial's name is unique, and its description bears the mark of its order.
So who orders the same once more, or has lost the answer to an order, finds the same trial.

Source: Amazon SageMaker API Reference, the six operations that are called here. In which words it
refuses a name that is taken, or does not know one, is not documented in full: both the modelled
codes and the words that the service uses elsewhere are understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from flyball.adapters.aws.asked import DENIED, LAPSED
from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.past import LOGIN
from flyball.adapters.aws.refusal import QUOTA, is_throttled
from flyball.adapters.aws.trials import (
    Json,
    read_advice,
    read_part,
    read_trial,
    write_order,
)
from flyball.order import (
    BusyTrialError,
    Order,
    TrialError,
    UnknownTrialError,
    check_name,
    mark_order,
)
from flyball.trial import ENDED, Advice, Finding, Status, Trial

PAGE = 100
PAGES_LIMIT = 100
"""A list that goes on for longer is broken off."""
PERCENT = 100
TAKEN = frozenset({"ResourceInUse", "ConflictException"})
UNKNOWN = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
FAULTS = frozenset({"InternalFailure", "InternalServerError", "ServiceUnavailable"})
"""What the service has not understood of itself; it may be asked again."""
OVER = ENDED | {Status.STOPPING}
SILENCE = ("ConnectionError", "ConnectionClosedError", "TimeoutError", "ResponseParserError")
"""What the SDK calls it when nobody answers, or with what is no answer."""

_TAKEN_WORDS = re.compile(r"\balready exists?\b|\balready (being )?used?\b", re.IGNORECASE)
_UNKNOWN_WORDS = re.compile(
    r"\b(could|can) ?not (be )?f(i|ou)nd\b|\bdoes not exist\b|\bnot found\b", re.IGNORECASE
)
_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)(?: on resource: (\S+))?")


class InferenceRecommender:
    """Trials of models on SageMaker.

    Args:
        clients: With sagemaker:CreateInferenceRecommendationsJob and iam:PassRole to start one,
            sagemaker:DescribeInferenceRecommendationsJob and
            sagemaker:ListInferenceRecommendationsJobSteps to wait for it, and
            sagemaker:ListInferenceRecommendationsJobs, sagemaker:StopInferenceRecommendationsJob
            and sagemaker:GetScalingConfigurationRecommendation for what they say.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def start(self, name: str, order: Order) -> bool:
        """Start a trial; False: one of that name and of the same order is there already."""
        check_name(name)
        asked = write_order(name, order)
        try:
            self._client().create_inference_recommendations_job(**asked)
        except Exception as error:
            if not _is_taken(error):
                raise self._explain("CreateInferenceRecommendationsJob", name, error) from error
        else:
            return True
        there = self._describe(name)
        if there.mark == mark_order(order):
            return False
        raise TrialError(
            f"trial {name}: there is one of that name, of another order ({there.status.value}); "
            "give another name, or none"
        )

    def find(self, part: str = "", model: str = "", limit: int = 100) -> Sequence[Trial]:
        """List trials, the newest first, without what they found."""
        asked: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending"}
        if part:
            asked["NameContains"] = part
        if model:
            is_package = model.startswith("arn:")
            asked["ModelPackageVersionArnEquals" if is_package else "ModelNameEquals"] = model
        jobs = self._list("InferenceRecommendationsJobs", "", min(PAGE, limit), asked)
        return [read_trial(each) for each in islice(jobs, limit)]

    def look(self, name: str) -> Trial:
        """Say where a trial is, and what it has found by now."""
        trial = self._describe(name)
        parts = self._list("InferenceRecommendationsJobSteps", name, PAGE, {"JobName": name})
        return trial._replace(parts=tuple(map(read_part, parts)))

    def stop(self, name: str) -> None:
        """Ask for its end; what it has found by then is kept. One that has ended stays as it is."""
        trial = self._describe(name)
        if trial.status in OVER:
            return
        try:
            self._ask("StopInferenceRecommendationsJob", name, JobName=name)
        except TrialError:
            if self._describe(name).status not in OVER:  # else it ended of itself meanwhile
                raise

    def advise(
        self, name: str, finding: Finding, used_ratio: float, least: int, most: int
    ) -> Advice:
        """Ask what the cloud would do."""
        answer = self._ask(
            "GetScalingConfigurationRecommendation",
            name,
            InferenceRecommendationsJobName=name,
            RecommendationId=finding.id,
            TargetCpuUtilizationPerCore=round(PERCENT * used_ratio),
            ScalingPolicyObjective={
                "MinInvocationsPerMinute": least,
                "MaxInvocationsPerMinute": most,
            },
        )
        return read_advice(answer)

    def _describe(self, name: str) -> Trial:
        check_name(name)
        answer = self._ask("DescribeInferenceRecommendationsJob", name, JobName=name)
        if not answer.get("JobName") or not answer.get("Status"):
            raise BusyTrialError(f"trial {name}: AWS: an answer without a status; run it again")
        return read_trial(answer)

    def _list(self, what: str, name: str, page: int, asked: dict[str, Any]) -> Iterator[Json]:
        """Give what is listed, page by page, as it is needed."""
        key = "Steps" if what.endswith("Steps") else what
        token: dict[str, str] = {}
        for _ in range(PAGES_LIMIT):
            answer = self._ask(f"List{what}", name, **asked, **token, MaxResults=page)
            yield from answer.get(key) or ()
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}
        raise TrialError(f"AWS: List{what}: more than {PAGES_LIMIT} pages; name the trial")

    def _ask(self, operation: str, name: str, **asked: object) -> Json:
        """Call an operation.

        Raises:
            TrialError: It was refused.
        """
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            call: Callable[..., Json] = getattr(self._client(), method)
            return call(**asked)
        except Exception as error:
            raise self._explain(operation, name, error) from error

    def _client(self) -> Any:  # noqa: ANN401  (the SDK makes its clients' classes as it runs)
        return self._clients.get("sagemaker")

    def _explain(self, operation: str, name: str, error: Exception) -> TrialError:
        """Say why nothing was answered, and the remedy."""
        code, words, kind = error_code(error), error_message(error), type(error).__name__
        which = f"trial {name}: " if name else ""
        told = f"{which}AWS: {words}"
        if is_throttled(error):
            return BusyTrialError(f"{which}AWS was asked too often; wait a minute")
        if code in FAULTS or (not code and kind.endswith(SILENCE)):
            return BusyTrialError(f"{told}; wait a minute, and run it again")
        if code in DENIED:
            return TrialError(f"{which}{_explain_denial(operation, words)}")
        if code in LAPSED:
            return TrialError(f"{told}: the credentials are not, or no longer, good; {LOGIN}")
        if code in QUOTA:
            return TrialError(
                f"{told}; wait for another trial's end, ask for fewer tests at once, or have the "
                "quota raised"
            )
        if not code and any(part in kind for part in ("Credential", "Region", "SSO")):
            return TrialError(f"no credentials or region for AWS were found: {words} {LOGIN}")
        if operation.startswith("Create"):  # what it does not find is what it was given
            return TrialError(told)
        if code in UNKNOWN or (code and _UNKNOWN_WORDS.search(words)):
            region = self._client().meta.region_name
            return UnknownTrialError(f"{which}there is none of that name in {region}; another one?")
        return TrialError(told)


def _is_taken(error: Exception) -> bool:
    """Say whether a name was refused because there is one of it."""
    code, words = error_code(error), error_message(error)
    return code in TAKEN or (code == "ValidationException" and bool(_TAKEN_WORDS.search(words)))


def _explain_denial(operation: str, words: str) -> str:
    """Name what has to be allowed: as AWS says it, or else what was called."""
    found = _ACTION.search(words)
    action = found[1] if found else f"sagemaker:{operation}"
    on = f" on {found[2]}" if found and found[2] else ""
    role = "; it is the role of the order that is passed on" if action == "iam:PassRole" else ""
    return f"AWS: it may not be done: {words}; allow {action}{on} to who runs this{role}"
