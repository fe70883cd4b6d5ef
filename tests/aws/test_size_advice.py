"""Does `flyball size` show what AWS itself would set, and what its job says of the lead time?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball import config
from tests.aws.ordered import PACKAGE, QUICK, ROLE, Stand
from tests.aws.trials import PART_S
from tests.unit.cli.commands import expect_refusal, flyball

pytestmark = pytest.mark.enable_socket

ADVISE = "GetScalingConfigurationRecommendation"
ORDER = ("--start", "default", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}")
EXPECTED = ("--least", 70, "--most", 500, "--growth", 1.2)
AWS = ("--endpoint", "chat", "--variant", "a")


def test_aws_s_own_advice_stands_beside_ours(trial_stand: Stand) -> None:
    """Asked for the same load and the same part of a core."""
    done = flyball("size", *ORDER, *EXPECTED, "--lead-time", "100s", "--json")
    assert done.code == 0, done
    (asked,) = {
        (
            each["body"]["TargetCpuUtilizationPerCore"],
            *each["body"]["ScalingPolicyObjective"].values(),
        )
        for each in trial_stand.cloud.calls
        if each["operation"] == ADVISE
    }
    assert asked == (50, 4_200, 36_000)
    advice = {each["instance_type"]: each for each in done.json["advice"]}
    assert sorted(advice) == ["ml.c5.large", "ml.c5.xlarge", "ml.m5.large"]
    large = advice["ml.c5.large"]
    assert large["asked"] == {
        "used_ratio": 0.5,
        "least_per_minute": 4_200,
        "most_per_minute": 36_000,
    }
    assert large["ours"]["scale_out_cooldown_s"] == 10.0
    assert large["ours"]["scale_in_cooldown_s"] == 100.0
    assert large["aws"] | {"policies": []} == {
        "invocations_per_instance": 3_000.0,
        "cpu_target_value": 100.0,
        "latency_ms": 12.0,
        "min_capacity": 2,
        "max_capacity": 12,
        "scale_out_cooldown_s": 0.0,
        "scale_in_cooldown_s": 300.0,
        "policies": [],
    }
    assert large["difference"].startswith("ml.c5.large: AWS holds each instance at as much as")


def test_the_difference_is_a_sentence(trial_stand: Stand) -> None:
    """On the terminal, below a table of both."""
    trial_stand.cloud.caution = 0.75
    done = flyball("size", *ORDER, *EXPECTED, "--objective", "availability")
    assert (
        "AWS's own advice, for 4,200 to 36,000 requests a minute, at 40% of each core" in done.out
    )
    told = "ml.c5.large: AWS holds each instance at 1,800 a minute, 25% less than we do, and has "
    assert f"{told}3 to 20 of them in place of 2 to 16." in done.out
    assert "AWS's" in done.out
    assert "AWS advises on target tracking alone" in done.out


def test_a_latency_asks_for_as_much_of_a_core_as_it_takes(trial_stand: Stand) -> None:
    """There is no part of the hardware in it."""
    done = flyball("size", *ORDER, *EXPECTED, "--latency", "p95<=50ms", "--json")
    assert done.code == 0, done
    sent = [each for each in trial_stand.cloud.calls if each["operation"] == ADVISE]
    for each, call in zip(done.json["advice"], sent, strict=True):
        held = each["ours"]["invocations_per_instance"] / 6_000
        cores = {"ml.c5.xlarge": 4}.get(each["instance_type"], 2)
        assert each["asked"]["used_ratio"] == pytest.approx(1.5 / cores * held)
        assert call["body"]["TargetCpuUtilizationPerCore"] == round(150 / cores * held)


def test_without_a_load_nothing_is_asked(trial_stand: Stand) -> None:
    """AWS takes the expected load with the question."""
    done = flyball("size", *ORDER, "--json")
    assert done.json["advice"] == []
    assert not [each for each in trial_stand.cloud.calls if each["operation"] == ADVISE]


def test_advice_that_may_not_be_asked_for_is_a_note(trial_stand: Stand) -> None:
    """One, with the permission; the sizing stands."""
    trial_stand.cloud.fault(ADVISE, "deny", times=99)
    done = flyball("size", *ORDER, *EXPECTED, "--json")
    assert done.code == 0, done
    (note,) = done.json["notes"]
    assert note.startswith("AWS's own advice is missing: trial ")
    assert "sagemaker:GetScalingConfigurationRecommendation" in note
    assert done.json["advice"] == []


def test_a_long_refusal_keeps_its_remedy(trial_stand: Stand) -> None:
    """Which AWS writes with two long names in it."""
    here = "arn:aws:sagemaker:eu-central-1:123456789012:inference-recommendations-job/churn"
    words = (
        "User: arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_ReadOnly_0123456789abcdef/"
        f"somebody@example.com is not authorized to perform: sagemaker:{ADVISE} on resource: {here}"
        f" because no identity-based policy allows the sagemaker:{ADVISE} action"
    )
    trial_stand.cloud.fault(ADVISE, "refuse", times=99, code="AccessDeniedException", message=words)
    done = flyball("size", *ORDER, *EXPECTED)
    assert done.code == 0, done
    told = " ".join(done.out.split())
    assert f"allow sagemaker:{ADVISE} on {here} to who runs this" in told


def test_a_job_that_is_not_complete_is_not_asked_about(trial_stand: Stand) -> None:
    """What it found before is sized."""
    trial_stand.bench.start("t", QUICK)
    trial_stand.cloud.move(1.5 * PART_S)
    trial_stand.bench.stop("t")
    trial_stand.cloud.move(1)
    done = flyball("size", "--recommender", "t", *EXPECTED, "--json")
    assert done.code == 0, done
    assert (
        "AWS's own advice is missing: it advises on a job that is complete, and t is stopped"
        in done.json["notes"]
    )


def test_the_model_s_setup_is_added_to_the_lead_time(trial_stand: Stand, tmp_path: Path) -> None:
    """Nobody measured the instance: what is taken for that stays, and both are told."""
    trial_stand.cloud.metrics["ml.c5.large"] = {"ModelSetupTime": 38, "CostPerHour": 0.01}
    path = tmp_path / "w.yaml"
    words = ("size", *ORDER, *EXPECTED, *AWS, "--write", path, "--overwrite")
    done = flyball(*words)
    assert done.code == 0, done
    origin = "4 min taken for an instance, as nobody measured it, and 38 s for the model"
    assert f"Lead time 4 min 38 s: {origin}" in " ".join(done.out.split())
    text = path.read_text()
    (target,) = config.loads(text).scalable_targets
    assert target.lead_time.total_seconds() == 278.0
    plain = " ".join(text.replace("#", " ").split())
    assert f"From an order to an instance in service: {origin}" in plain
    said = flyball(*words, "--lead-time", "90s")
    assert "Lead time" not in said.out
    assert config.loads(path.read_text()).scalable_targets[0].lead_time.total_seconds() == 90.0


def test_a_setup_that_is_not_known_adds_nothing(trial_stand: Stand) -> None:
    """0 of instances, as AWS measures it for serverless ones, and NaN."""
    trial_stand.cloud.metrics["ml.c5.large"] = {"ModelSetupTime": "NaN", "CostPerHour": 0.01}
    done = flyball("size", *ORDER, *EXPECTED, *AWS, "--evaluate", "--json")
    assert "Lead time 4 min: taken for an instance, as nobody measured it; --lead-time" in str(
        done.json["policies"]["notes"]
    )


def test_an_unreadable_lead_time_is_refused(trial_stand: Stand) -> None:
    """Before anything is started."""
    done = flyball("size", *ORDER, *EXPECTED, "--lead-time", "soon")
    expect_refusal(done, "--lead-time", "soon")
    assert not trial_stand.cloud.jobs
