"""Is one full decision, with every reason, as quick as Ray Serve's own number of replicas?

Both run in this process, in turn, on evidence of one size: ten instances and fifteen datapoints a
series. Ray's is its own code from PyPI, without a cluster, as its controller calls it; it merges
the ten replicas' series in compiled code. The ratio of each pair counts, and its median is shown.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

from flyball.core.codec import canonical
from flyball.core.decide import decide
from tests.bench.scenes import (
    DATAPOINTS,
    INSTANCES,
    NOW,
    SCENES,
    make_history,
    make_observation,
    make_target,
    wobble,
)

PAIRS = 60
CALLS = 1_000


def compare() -> list[tuple[str, float, float, float]]:
    """Time both, pair by pair.

    Returns:
        For each scene: its name, ours and Ray's in microseconds (medians), the median ratio.
    """
    target, history = make_target(), make_history()
    rows = []
    for scene in SCENES:
        observation = make_observation(scene)
        peer = make_peer(scene.load)
        ours, theirs = _pairs(lambda: decide(target, observation, history, NOW), peer)
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        rows.append(
            (
                scene.name,
                statistics.median(ours),
                statistics.median(theirs),
                statistics.median(ratios),
            )
        )
    return rows


def evidence() -> list[tuple[str, int, int]]:
    """Say what each decision holds: scene, reasons given, bytes of canonical JSON."""
    target, history = make_target(), make_history()
    rows = []
    for scene in SCENES:
        decision = decide(target, make_observation(scene), history, NOW)
        reasons = len(decision.recommendations) + len(decision.limits) + 2
        rows.append((scene.name, reasons, len(canonical(decision))))
    return rows


def make_peer(load: float) -> Callable[[], object]:
    """Build Ray Serve's autoscaling state of one deployment, with its default settings."""
    from ray.serve._private.autoscaling_state import DeploymentAutoscalingState
    from ray.serve._private.common import (
        RUNNING_REQUESTS_KEY,
        DeploymentHandleSource,
        DeploymentID,
        HandleMetricReport,
        ReplicaID,
        TimeStampedValue,
    )
    from ray.serve._private.config import DeploymentConfig, ReplicaConfig
    from ray.serve._private.deployment_info import DeploymentInfo
    from ray.serve.config import AutoscalingConfig

    deployment = DeploymentID(name="bench", app_name="bench")
    config = AutoscalingConfig(min_replicas=1, max_replicas=50, target_ongoing_requests=2)
    state = DeploymentAutoscalingState(deployment)
    state.register(
        DeploymentInfo(
            deployment_config=DeploymentConfig(num_replicas=INSTANCES, autoscaling_config=config),
            replica_config=ReplicaConfig.create(lambda: None),
            start_time_ms=0,
            deployer_job_id="bench",
        ),
        INSTANCES,
    )
    replicas = [ReplicaID(f"r{each}", deployment_id=deployment) for each in range(INSTANCES)]
    state.update_running_replica_ids(replicas)
    now = time.time()
    stamps = [now - 2 * back for back in range(DATAPOINTS - 1, -1, -1)]

    def series(mean: float) -> list[TimeStampedValue]:
        values = wobble(DATAPOINTS, mean)
        return [TimeStampedValue(at, value) for at, value in zip(stamps, values, strict=True)]

    running = {replica.to_full_id_str(): series(2 * load) for replica in replicas}
    state.record_request_metrics_for_handle(
        HandleMetricReport(
            deployment_id=deployment,
            handle_id="h",
            actor_id="a",
            handle_source=DeploymentHandleSource.UNKNOWN,
            queued_requests=series(0.0),
            metrics={RUNNING_REQUESTS_KEY: running},
            timestamp=now,
        )
    )
    return lambda: state.get_decision_num_replicas(INSTANCES)


def _pairs(
    ours: Callable[[], object], theirs: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Time A B A B …; microseconds a call."""
    found: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    for call in (ours, theirs):
        _time(call)
    for _ in range(PAIRS):
        for call, times in zip((ours, theirs), found, strict=True):
            times.append(_time(call))
    return found


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6
