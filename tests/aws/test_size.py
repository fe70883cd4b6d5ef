"""Does `flyball size` start, wait for and read trials, and size an endpoint's own past?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.ordered import PACKAGE, ROLE, Stand
from tests.aws.remembered import Busy, answer_all, stand
from tests.unit.cli.commands import expect_refusal, flyball

pytestmark = pytest.mark.enable_socket

ORDER = ("--start", "default", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}")
EXPECTED = ("--least", 70, "--most", 500, "--growth", 1.2)


def test_a_trial_is_started_waited_for_and_sized(trial_stand: Stand) -> None:
    """Three instance types are compared by the prices that the trial tells."""
    done = flyball("size", *ORDER, *EXPECTED, "--json")
    assert done.code == 0, done
    (name,) = trial_stand.cloud.jobs
    assert f"trial {name}: started" in done.err
    assert "completed; 3 of 3 load tests done" in done.err
    kinds = {each["machine"]["instance_type"] for each in done.json["instances"]}
    assert kinds == {"ml.c5.large", "ml.c5.xlarge", "ml.m5.large"}
    limit = done.json["instances"][0]["limit"]
    # At 75 % of CPU a job of 6,000 a minute went no further: half of what something else ended.
    assert limit["invocations_per_instance"]["middle"] == pytest.approx(3_000)
    assert len(done.json["comparison"]["options"]) == 3


def test_the_same_order_finds_the_same_trial(trial_stand: Stand) -> None:
    """An interrupted wait goes on, by the order or by the name."""
    first = flyball("size", *ORDER)
    again = flyball("size", *ORDER)
    (name,) = trial_stand.cloud.jobs
    assert f"trial {name}: there already, of the same order" in again.err
    assert again.out == first.out == flyball("size", "--recommender", name).out


def test_an_advanced_trial_has_its_traffic_and_ends_at_the_objective(trial_stand: Stand) -> None:
    """What was typed is what is ordered."""
    done = flyball(
        *("size", "--start", "advanced", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}"),
        *("--order", "candidate=ml.c5.large", "--order", "phase=1:1:2m", "--order", "name=mine"),
        *("--order", "max-tests=2", "--latency", "p95<=100ms", "--json"),
    )
    assert done.code == 0, done
    asked = trial_stand.cloud.jobs["mine"].asked
    assert asked["JobType"] == "Advanced"
    phase = asked["InputConfig"]["TrafficPattern"]["Phases"][0]
    assert (phase["InitialNumberOfUsers"], phase["DurationInSeconds"]) == (1, 120)
    threshold = asked["StoppingConditions"]["ModelLatencyThresholds"]
    assert threshold == [{"Percentile": "P95", "ValueInMilliseconds": 100}]


def test_a_price_that_is_said_goes_before_the_job_s(trial_stand: Stand) -> None:
    """AWS tells a list price; what is paid may be less."""
    found = flyball("size", *ORDER, *EXPECTED, "--price", "ml.m5.large=0.05", "--json")
    assert trial_stand.cloud.jobs
    prices = {
        each["machine"]["instance_type"]: each["machine"]["price_per_hour"]
        for each in found.json["instances"]
    }
    assert prices == {"ml.c5.large": 0.119, "ml.c5.xlarge": 0.119, "ml.m5.large": 0.05}
    assert found.json["comparison"]["options"][0]["instance_type"] == "ml.m5.large"


def test_a_job_that_came_to_nothing_says_how_it_is_started_again(trial_stand: Stand) -> None:
    """It is not waited for any more; the same order alone does not start another."""
    trial_stand.cloud.broken = dict.fromkeys(
        ("ml.c5.large", "ml.m5.large", "ml.c5.xlarge"), "no memory"
    )
    first = flyball("size", *ORDER)
    assert first.code == 2
    assert "no memory; mend that, or order other instance types, and start it again" in first.err
    expect_refusal(flyball("size", *ORDER), "start it again: --again")
    assert len(trial_stand.cloud.jobs) == 1
    flyball("size", *ORDER, "--again")
    assert len(trial_stand.cloud.jobs) == 2


@pytest.mark.parametrize(
    ("mode", "order", "words"),
    [
        ("default", "model=m", "--order payload=s3://… --order content-type=text/csv"),
        ("default", "phase=1:1:2m", "--start advanced"),
        ("advanced", "max-tests=2", "--order candidate=ml.c5.large"),
        ("advanced", "candidate=c5.large", "ml.c5.large?"),
        ("advanced", "stop-after=9h", "--order"),
    ],
)
def test_an_order_that_cannot_be_made_names_its_option(
    trial_stand: Stand, mode: str, order: str, words: str
) -> None:
    """Before anything is asked of AWS."""
    more = () if order.startswith("model=") else ("--order", f"model={PACKAGE}")
    asked = ("--order", f"role={ROLE}", *more, "--order", order)
    expect_refusal(flyball("size", "--start", mode, *asked), words)
    assert not trial_stand.cloud.calls


def test_environments_are_tried_and_the_best_is_taken(trial_stand: Stand) -> None:
    """Of each instance type; what the others carried is told."""
    trial_stand.cloud.spreads = True
    trial_stand.cloud.metrics["ml.c5.large A=2 B=x"] = {"MaxInvocations": 9_000}
    done = flyball(
        *("size", "--start", "advanced", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}"),
        *("--order", "candidate=ml.c5.large", "--order", "candidate=ml.m5.large", "--json"),
        *("--order", "environment=A=1|2", "--order", "environment=B=x"),
    )
    assert done.code == 0, done
    best = {each["machine"]["instance_type"]: each for each in done.json["instances"]}
    assert sorted(best) == ["ml.c5.large", "ml.m5.large"]
    assert best["ml.c5.large"]["source"].endswith(": ml.c5.large A=2 B=x")
    (worse,) = (each for each in done.json["notes"] if "ml.c5.large" in each)
    assert worse.endswith("ml.c5.large A=1 B=x: 6,000 a minute; the better one is taken")


@pytest.mark.parametrize(
    "order",
    [
        ("environment=A=1|2",),
        ("candidate=ml.c5.large", "environment=A"),
        ("candidate=ml.c5.large", "environment=A=1||2"),
        ("candidate=ml.c5.large", "environment=A=1|1"),
        ("candidate=ml.c5.large", "environment=A=1", "environment=A=2"),
        ("candidate=ml.c5.large", "environment=A=1|2|3|4"),
    ],
    ids=str,
)
def test_an_environment_that_cannot_be_tried_is_refused(
    trial_stand: Stand, order: tuple[str, ...]
) -> None:
    """With what is expected, before anything is asked."""
    words = [word for each in order for word in ("--order", each)]
    done = flyball(
        *("size", "--start", "advanced", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}"),
        *words,
    )
    assert done.code == 2, done
    assert "environment" in done.err or "values of A" in done.err
    assert not trial_stand.cloud.calls


def test_waiting_that_is_given_up_says_how_it_goes_on(trial_stand: Stand) -> None:
    """AWS was asked too often, for half an hour; the job knows nothing of that."""
    flyball("size", *ORDER, "--order", "name=mine")
    trial_stand.cloud.fault("DescribeInferenceRecommendationsJob", "throttle", times=-1)
    done = flyball("size", "--recommender", "mine")
    expect_refusal(done, "asked too often", "`flyball size --recommender mine` waits for it again")


def test_an_endpoint_that_is_gone_asks_for_its_type(trial_stand: Stand) -> None:
    """CloudWatch remembers it for longer than SageMaker."""
    assert not trial_stand.cloud.endpoints
    done = flyball("size", "--from", "cloudwatch", "--endpoint", "gone", "--variant", "a")
    expect_refusal(done, "gone", "--instance-type TYPE")
    assert "run it again" not in done.err


def test_an_unknown_trial_is_named(trial_stand: Stand) -> None:
    """With what to do."""
    assert not trial_stand.cloud.jobs
    expect_refusal(flyball("size", "--recommender", "none"), "trial none", "another one?")


def test_the_past_of_one_instance_is_a_load_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CloudWatch remembers of minutes in which one served alone."""
    stand(tmp_path, monkeypatch)
    wire = answer_all(monkeypatch)
    values = {"Invocations": 60.0, "InvocationsPerInstance": 60.0, "CPUUtilization": 0.8}
    names = ("Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "MemoryUtilization")
    nothing = dict.fromkeys((*names, "DiskUtilization", "GPUUtilization", "GPUMemoryUtilization"))
    wire.answers["GetMetricData"] = Busy(**values, **nothing).answer
    done = flyball(
        *("size", "--from", "cloudwatch", "--endpoint", "chat", "--variant", "a", "--json"),
        *("--instance-type", "ml.c5.large", "--since", "2026-11-20", "--until", "2026-11-21"),
    )
    assert done.code == 0, done
    (found,) = done.json["instances"]
    assert found["source"].startswith("chat/a in CloudWatch, 2026-11-20 00:00 to 2026-11-21")
    assert found["saturation"]["invocations_per_minute"] == pytest.approx(60.0)


def test_a_past_needs_its_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked before."""
    stand(tmp_path, monkeypatch)
    done = flyball("size", "--from", "cloudwatch")
    expect_refusal(done, "--endpoint", "--variant")
