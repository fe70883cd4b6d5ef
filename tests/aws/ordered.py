"""Which orders do tests of trials make, and who takes them?"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.recommender import InferenceRecommender
from flyball.order import Candidate, Order, Payload, Phase, Quantile
from flyball.trial import Bench
from tests.aws.sagemaker import Server
from tests.aws.trials import TrialCloud

ROLE = "arn:aws:iam::123456789012:role/service-role/trial"
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3"
MINUTES = timedelta(minutes=1)
QUICK = Order(ROLE, package=PACKAGE)
FULL = Order(
    ROLE,
    model="churn",
    is_advanced=True,
    candidates=(
        Candidate("ml.c5.large", {"OMP_NUM_THREADS": ("1", "2")}, "onnx"),
        Candidate("ml.t2.medium"),
    ),
    traffic=(Phase(1, 1, 2 * MINUTES), Phase(3, 0, 10 * MINUTES)),
    payload=Payload(
        "s3://bucket/payload.tar.gz",
        ("text/csv",),
        "MACHINE_LEARNING",
        "REGRESSION",
        "SKLEARN",
        "1.2-1",
        "xgboost",
    ),
    duration=timedelta(hours=1),
    most_tests=4,
    most_at_once=2,
    most_invocations=30_000,
    latency=Quantile(100, 0.99),
    goes_on_when_flat=True,
    endpoint="chat",
    subnets=("subnet-1",),
    security_groups=("sg-1",),
    volume_key="alias/flyball",
    tags={"team": "churn"},
)
CREATE = "CreateInferenceRecommendationsJob"
DESCRIBE = "DescribeInferenceRecommendationsJob"


class Stand(NamedTuple):
    """A cloud, and who asks it."""

    cloud: TrialCloud
    bench: InferenceRecommender
    clients: Clients


def take_stand(server: Server, clients: Clients) -> Stand:
    """Begin with no trial."""
    server.cloud = cloud = TrialCloud()
    bench = InferenceRecommender(clients)
    typed: Bench = bench
    assert typed is bench
    return Stand(cloud, bench, clients)
