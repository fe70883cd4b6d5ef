"""Is every kind of alarm found again as it was made, so that it is not made twice?"""

from __future__ import annotations

import pytest

from flyball.adapters.aws.deploy import normalize
from tests.aws.account import CONFIG, KEY, VARIANT, Account, write
from tests.aws.overheard import tap
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

HEAD = CONFIG.partition("    policies:")[0]
MATH = """\
    policies:
      - PolicyName: sharded
        TargetTrackingScalingPolicyConfiguration:
          TargetValue: 120
          DisableScaleIn: true
          CustomizedMetricSpecification:
            Metrics:
              - Id: total
                MetricStat:
                  Metric:
                    MetricName: Invocations
                    Namespace: AWS/SageMaker
                    Dimensions:
                      - {Name: EndpointName, Value: churn}
                      - {Name: VariantName, Value: AllTraffic}
                  Stat: Sum
                ReturnData: false
              - {Id: each, Expression: total / 4, Label: InvocationsPerShard, ReturnData: true}
"""
PERCENTILE = """\
    metrics:
      - name: slow
        source: {namespace: AWS/SageMaker, metric: ModelLatency, statistic: p99}
    policies:
      - {name: keep, kind: step, metric: slow, threshold: 2000, comparison: ">=",
         steps: [{from: 0, add: 1}]}
"""
QUICK = """\
    policies:
      - PolicyName: concurrency
        TargetTrackingScalingPolicyConfiguration:
          TargetValue: 5
          PredefinedMetricSpecification:
            PredefinedMetricType: SageMakerVariantConcurrentRequestsPerModelHighResolution
"""


@pytest.mark.parametrize(
    ("policies", "count", "dollars"),
    [(MATH, 1, "0.10"), (PERCENTILE, 1, "0.10"), (QUICK, 2, "0.60")],
    ids=["an expression", "a percentile", "high resolution"],
)
def test_what_was_made_is_found_as_it_was(
    account: Account, policies: str, count: int, dollars: str
) -> None:
    """Each form of alarm comes back from CloudWatch as it was sent; its price is by its metrics."""
    write(HEAD + policies)
    done = flyball("apply", "--config", "flyball.yaml", "--yes")
    assert done.code == 0, done
    assert f"Alarms: {count}, ${dollars} a month" in done.out
    assert len(account.alarms()) == count
    again = flyball("plan", "--config", "flyball.yaml")
    assert (again.code, again.err) == (0, ""), again.out


def test_what_cloudwatch_fills_in_is_no_difference() -> None:
    """Left out and said in full are the same alarm; another order of dimensions too."""
    short = {
        "AlarmName": "a",
        "MetricName": "M",
        "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}],
        "EvaluationPeriods": 3,
        "Threshold": 5,
        "Metrics": None,
    }
    full = {
        **short,
        "Dimensions": short["Dimensions"][::-1],  # type: ignore[index]
        "ActionsEnabled": True,
        "OKActions": [],
        "DatapointsToAlarm": 3,
        "Threshold": 5.0,
        "TreatMissingData": "missing",
        "Metrics": [],
        "StateValue": "OK",
        "AlarmArn": "arn",
    }
    assert normalize(short) == normalize(full)
    assert normalize({**full, "ActionsEnabled": False}) != normalize(full)


def test_each_alarm_has_its_price_and_so_have_those_of_suspended_scaling(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suspended, native scaling keeps its alarms, and they go on costing."""
    account.register()
    done = flyball("plan", "--config", "flyball.yaml", "--take-over", "--unseen")
    (line,) = [each for each in done.out.splitlines() if "> 700" in each]
    assert line.endswith("× 60 s; $0.10 a month")
    assert "native scaling's own" not in done.out  # moto makes no alarms for a policy; AWS does
    policy = {"ResourceId": KEY, "ScalableDimension": VARIANT["ScalableDimension"]}
    alarms = [{"AlarmName": "TargetTracking-a"}, {"AlarmName": "TargetTracking-b"}]
    answer = {"ScalingPolicies": [{**policy, "Alarms": alarms}]}
    tap(monkeypatch).answer("DescribeScalingPolicies", answer)
    done = flyball("plan", "--config", "flyball.yaml", "--take-over", "--unseen")
    assert "native scaling's own 2 go on costing $0.20 a month while suspended" in done.out
