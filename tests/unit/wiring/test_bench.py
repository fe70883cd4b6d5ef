"""Is AWS behind the ports of trials and of how busy an endpoint was, and reached by nobody?"""

from __future__ import annotations

from flyball.adapters.aws.busy import CloudWatchLoad
from flyball.adapters.aws.recommender import InferenceRecommender
from flyball.wiring.bench import open_bench, open_loads


def test_trials_are_run_by_inference_recommender() -> None:
    """It asks nobody before it is asked."""
    assert isinstance(open_bench("eu-central-1"), InferenceRecommender)


def test_the_past_is_cloudwatchs() -> None:
    """It asks nobody before it is asked."""
    assert isinstance(open_loads("eu-central-1"), CloudWatchLoad)
