"""Who runs a trial of a model, and who remembers how busy an endpoint was?"""

from __future__ import annotations

from flyball.busy import LoadSource
from flyball.trial import Bench
from flyball.wiring.stack import make_clients


def open_bench(region: str | None = None) -> Bench:
    """Make what runs trials on SageMaker; nothing is reached yet.

    Args:
        region: Such as "eu-central-1"; None: as the environment or the profile says.

    Raises:
        SettingsError: The SDK is not installed.
    """
    from flyball.adapters.aws.recommender import (  # noqa: PLC0415  (only this cloud)
        InferenceRecommender,
    )

    return InferenceRecommender(make_clients(region))


def open_loads(region: str | None = None) -> LoadSource:
    """Make what asks CloudWatch how busy an endpoint was; nothing is reached yet.

    Args:
        region: As above.

    Raises:
        SettingsError: The SDK is not installed.
    """
    from flyball.adapters.aws.busy import CloudWatchLoad  # noqa: PLC0415  (only this cloud)

    return CloudWatchLoad(make_clients(region))
