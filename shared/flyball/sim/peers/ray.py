"""What would Ray Serve order, by its own code?"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

from flyball.sim.peers.tick import Bounds, Ticks, check_target
from flyball.sim.slots import Seen

TICK = timedelta(seconds=10)
"""Replicas and handles report so often; in between nothing changes."""
LOOK_BACK_TICKS = 3
"""30 s."""
POLICY = "ray.serve.autoscaling_policy"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        target: Of an instance's capacity, in use; 0–1 and more. It is what Ray knows as
            target_ongoing_requests, there in requests.
        up: Ray's upscale_delay_s.
        down: Ray's downscale_delay_s.
    """

    target: float = 0.7
    up: timedelta = timedelta(seconds=30)
    down: timedelta = timedelta(seconds=600)

    def __post_init__(self) -> None:
        check_target(self.target)


class Library:
    """Ray Serve's policy, as its controller calls it; no cluster is started.

    Attributes:
        module: ray.serve.autoscaling_policy.
        policy: Its default policy with delays and factors.
        make_context: Of what a decision sees.
        make_config: Of a deployment's autoscaling.
        deployment: An id for all of them.

    Raises:
        ImportError: It is not installed, or is a version that has no such parts.
    """

    def __init__(self, load: Callable[[str], ModuleType] = importlib.import_module) -> None:
        try:
            self.module: Any = load(POLICY)
            wrap = self.module._apply_autoscaling_config  # noqa: SLF001  (its controller's own way)
            self.policy: Any = wrap(self.module.default_autoscaling_policy)
            config: Any = load("ray.serve.config")
            self.make_context: Any = config.AutoscalingContext
            self.make_config: Any = config.AutoscalingConfig
            self.deployment: Any = load("ray.serve._private.common").DeploymentID(name="peer")
        except (ImportError, AttributeError) as error:
            raise ImportError(
                f"ray: Ray Serve 2.60 or later is needed to run it as a peer ({error}); "
                "pip install 'flyball[ray]', or leave ray out"
            ) from error


class _Clock:
    """Stands for the module `time` while Ray decides."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        """Give the instant of the tick, Unix seconds."""
        return self.now


class RayServe:
    """A deployment's autoscaling in Ray Serve: its default policy, on the mean over 30 s.

    Its metric is the work that was there: what arrived and what waited, as requests that run or
    queue. A gap is no request at all: that is how Ray reads a report that did not come.

    Source: Ray Serve, autoscaling_policy.py, _private/autoscaling_state.py.
    """

    def __init__(
        self, settings: Settings, bounds: Bounds, slot: timedelta, library: Library | None = None
    ) -> None:
        self._library = Library() if library is None else library
        self._bounds = bounds
        self._ticks = Ticks(TICK, slot)
        self._clock = _Clock()
        self._values: deque[float] = deque(maxlen=LOOK_BACK_TICKS)
        self._state: dict[str, object] = {}
        self._config = self._library.make_config(
            min_replicas=bounds.least,
            max_replicas=max(1, bounds.most),
            target_ongoing_requests=settings.target,
            upscale_delay_s=settings.up.total_seconds(),
            downscale_delay_s=settings.down.total_seconds(),
        )

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        target = seen.desired
        ticks = self._ticks.next_slot()
        value = 0.0 if seen.load is None else seen.load + seen.waiting
        end = seen.now.timestamp()
        module, clock = self._library.module, self._clock
        held, module.time = module.time, clock
        try:
            for tick in range(ticks):
                self._values.append(value)
                clock.now = end - (ticks - 1 - tick) * TICK.total_seconds()
                target = self._ask(min(seen.ready, target), target)
        finally:
            module.time = held
        return target

    def _ask(self, running: int, target: int) -> int:
        library = self._library
        context = library.make_context(
            deployment_id=library.deployment,
            deployment_name="peer",
            app_name=None,
            current_num_replicas=running,
            target_num_replicas=target,
            running_replicas=[],
            total_num_requests=sum(self._values) / len(self._values),
            total_queued_requests=None,
            aggregated_metrics=None,
            raw_metrics=None,
            capacity_adjusted_min_replicas=self._bounds.least,
            capacity_adjusted_max_replicas=self._bounds.most,
            policy_state=self._state,
            last_scale_up_time=None,
            last_scale_down_time=None,
            current_time=self._clock.now,
            config=self._config,
        )
        number, self._state = library.policy(context)
        return self._bounds.clamp(int(number))
