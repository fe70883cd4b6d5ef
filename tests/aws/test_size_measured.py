"""Does `flyball size --measured` wait for a trial of an endpoint, and read it as a whole?"""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.validate import ParamValidator

from tests.aws.ordered import DESCRIBE, PACKAGE, ROLE, Stand
from tests.aws.trials import find_model
from tests.unit.cli.commands import expect_refusal, flyball

pytestmark = pytest.mark.enable_socket

ORDER = (
    *("--start", "advanced", "--order", f"role={ROLE}", "--order", f"model={PACKAGE}"),
    *("--order", "candidate=ml.c5.large", "--order", "endpoint=churn", "--order", "name=whole"),
)
EXPECTED = ("--least", 70, "--most", 500, "--growth", 1.2)
MEASURED = ("--measured", "recommender:whole", "--json")


def test_a_trial_of_an_endpoint_is_waited_for_and_measured(
    trial_stand: Stand, repository: Path
) -> None:
    """It is of so many instances as are said; the job itself is no benchmark of the endpoint."""
    trial_stand.cloud.existing |= {"MaxInvocations": 38_000, "ModelLatency": 30}
    started = flyball("size", *ORDER, "--json")
    assert started.code == 0, started
    kinds = [each["machine"]["instance_type"] for each in started.json["instances"]]
    assert kinds == ["ml.c5.large"]
    assert started.json["instances"][0]["steps"][0]["answered_per_minute"] == 6_000
    assert "endpoint churn: it is of an endpoint as it stands" in started.json["notes"][0]
    bench = ("size", repository / "examples" / "loadtest.csv", "--instance-type", "ml.c5.large")
    uncounted = flyball(*bench, *EXPECTED, *MEASURED)
    assert uncounted.code == 2
    assert "how many instances served is not told" in uncounted.err
    done = flyball(*bench, *EXPECTED, *MEASURED, "--measured-instances", 8)
    assert done.code == 0, done
    found = done.json["measured"]
    assert (found["verdict"], found["handled_per_minute"]) == ("holds", 38_000.0)
    assert found["source"] == "whole: endpoint churn"
    assert found["loads"][0]["instances"] == 8
    shape = find_model().operation_model(DESCRIBE).output_shape
    assert not ParamValidator().validate(trial_stand.cloud.show("whole"), shape).has_errors()


def test_a_trial_whose_endpoint_carries_less_is_told(trial_stand: Stand, repository: Path) -> None:
    """Each instance carried less than one alone; exit code 1."""
    trial_stand.cloud.existing |= {"MaxInvocations": 24_000, "ModelLatency": 30}
    assert flyball("size", *ORDER).code == 0
    done = flyball(
        *("size", repository / "examples" / "loadtest.csv", "--instance-type", "ml.c5.large"),
        *(*EXPECTED, *MEASURED, "--measured-instances", 8),
    )
    assert done.code == 1
    found = done.json["measured"]
    assert (found["verdict"], found["limit"]) == ("breaks", "instance")
    assert "more load brought no more answers" in found["why"]
    assert found["settings"]["invocations_per_instance"] < 2_000


def test_a_trial_of_no_endpoint_is_refused(trial_stand: Stand, repository: Path) -> None:
    """As is one that is not there, by its name."""
    words = ("size", repository / "examples" / "loadtest.csv", "--instance-type", "ml.c5.large")
    expect_refusal(flyball(*words, *EXPECTED, *MEASURED), "trial whole", "another one?")
    assert flyball("size", *ORDER[:-4], *ORDER[-2:]).code == 0
    assert list(trial_stand.cloud.jobs) == ["whole"]
    done = flyball(*words, *EXPECTED, *MEASURED, "--measured-instances", 8)
    assert done.code == 2
    assert "whole: it is of no endpoint that had been there; name the endpoint" in done.err
