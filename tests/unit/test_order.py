"""Is an order that no service would take refused, and does the same order have the same name?"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from flyball.order import (
    Candidate,
    Order,
    Payload,
    Phase,
    Quantile,
    Stairs,
    TrialError,
    check_name,
    mark_order,
    name_order,
)

ROLE = "arn:aws:iam::123456789012:role/service-role/trial"
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3"
LARGE = Candidate("ml.c5.large")
PAYLOAD = Payload("s3://bucket/payload.tar.gz", ("text/csv",))
MINUTES = timedelta(minutes=1)


def order(**fields: Any) -> Order:
    """Make an advanced order of a model package."""
    given: dict[str, Any] = {
        "role": ROLE,
        "package": PACKAGE,
        "is_advanced": True,
        "candidates": (LARGE,),
    }
    return Order(**(given | fields))


class Case(NamedTuple):
    """Fields of an order, and what is said of them; "" where it is taken."""

    id: str
    fields: dict[str, Any]
    says: str = ""


PHASE = Phase(1, 1, 2 * MINUTES)
CASES = [
    Case("phases", {"traffic": (PHASE, Phase(3, 0, 60 * MINUTES))}),
    Case("stairs", {"traffic": Stairs(3, 3, 2 * MINUTES)}),
    Case("limits", {"most_tests": 1, "most_at_once": 1, "latency": Quantile(100, 0.99)}),
    Case("a quick one", {"is_advanced": False, "candidates": ()}),
    Case("a model", {"package": "", "model": "churn", "payload": PAYLOAD}),
    Case("its network", {"subnets": ("s-1",), "security_groups": ("sg-1",)}),
    Case("ten", {"candidates": (LARGE,) * 10}),
    Case("both", {"model": "churn"}, "model, package: give one"),
    Case("neither", {"package": ""}, "model, package: give one"),
    Case("a role's name", {"role": "trial"}, "role: got 'trial', expected the ARN"),
    Case("no payload", {"package": "", "model": "churn"}, "payload: a model has none"),
    Case(
        "no content type",
        {"package": "", "model": "churn", "payload": Payload("s3://b/p")},
        "content types",
    ),
    Case("half a network", {"subnets": ("s-1",)}, "subnets, security_groups"),
    Case("eleven", {"candidates": (LARGE,) * 11}, "candidates: got 11, expected up to 10"),
    Case("nothing to try", {"candidates": ()}, "needs an instance type"),
    Case("of EC2", {"candidates": (Candidate("c5.large"),)}, "ml.c5.large?"),
    Case(
        "six names",
        {"candidates": (Candidate("ml.c5.large", {str(n): ("1",) for n in range(6)}),)},
        "environment: got 6 names, expected up to 5",
    ),
    Case(
        "four values",
        {"candidates": (Candidate("ml.c5.large", {"N": ("1", "2", "3", "4")}),)},
        "values of N: got 4, expected from 1 to 3",
    ),
    Case("no value", {"candidates": (Candidate("ml.c5.large", {"N": ()}),)}, "values of N: got 0"),
    Case("no step", {"traffic": Stairs(0, 1, MINUTES)}, "traffic: steps: got 0, expected 1 or"),
    Case("wide steps", {"traffic": Stairs(1, 4, MINUTES)}, "users of a step: got 4"),
    Case("no time", {"traffic": Stairs(1, 1, timedelta(0))}, "seconds of a step: got 0"),
    Case("a crowd", {"traffic": (PHASE, Phase(4, 1, 2 * MINUTES))}, "phase 2: users: got 4"),
    Case("a leak", {"traffic": (Phase(1, -1, 2 * MINUTES),)}, "spawn rate: got -1"),
    Case("a moment", {"traffic": (Phase(1, 1, MINUTES),)}, "seconds: got 60, expected from 120"),
    Case(
        "longer than all",
        {"traffic": (Phase(1, 1, 9 * MINUTES),), "duration": 5 * MINUTES},
        "phase 1: seconds: got 540, expected from 120 to 300",
    ),
    Case("a day", {"duration": timedelta(days=1)}, "duration: seconds: got 86400"),
    Case("no test", {"most_tests": 0}, "most tests: got 0"),
    Case("none at once", {"most_at_once": 0}, "most at once: got 0"),
    Case("no call", {"most_invocations": 0}, "most invocations: got 0"),
    Case("no wait", {"latency": Quantile(0)}, "latency, ms: got 0"),
    Case("the median", {"latency": Quantile(5, 0.5)}, "latency: got quantile 0.5"),
    Case(
        "a quick one's traffic",
        {"is_advanced": False, "traffic": (PHASE,), "goes_on_when_flat": True},
        "traffic, flat: only an advanced trial",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_order_is_taken_or_the_field_is_named(case: Case) -> None:
    """Before a service is asked."""
    if not case.says:
        assert order(**case.fields).role == ROLE
        return
    with pytest.raises(TrialError, match=re.escape(case.says)):
        order(**case.fields)


def test_the_same_order_has_the_same_name() -> None:
    """Whoever orders it again finds it; whoever changes anything of it does not."""
    first = order(traffic=(PHASE,), duration=10 * MINUTES)
    assert name_order(first) == name_order(order(traffic=(PHASE,), duration=10 * MINUTES))
    assert name_order(first) == f"flyball-churn-3-{mark_order(first)[:12]}"
    others = [order(), order(duration=10 * MINUTES), order(traffic=(PHASE,), most_tests=2)]
    names = {name_order(each) for each in [first, *others]} | {name_order(first, 2)}
    assert len(names) == 5


@pytest.mark.parametrize("model", ["x" * 63, "a-model-with-a-name-that-is-cut-right-here-", "_"])
def test_every_name_that_is_made_may_be_given(model: str) -> None:
    """Also the longest, and one without a letter."""
    made = order(package="", model=model, payload=PAYLOAD)
    for attempt in (1, 20):
        check_name(name_order(made, attempt))


@pytest.mark.parametrize("name", ["", "-x", "x-", "a_b", "x" * 65])
def test_a_name_that_may_not_be_is_refused(name: str) -> None:
    """Before a service is asked."""
    with pytest.raises(TrialError, match="a name has 1 to 64 letters"):
        check_name(name)
