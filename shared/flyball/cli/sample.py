"""What does the demo scale, where nobody says?"""

from __future__ import annotations

import math

from flyball.sim.trace import PEAK_INSTANCES

COMFORT_RATIO = 0.7
"""Each instance is kept at this part of what it can serve."""
HEADROOM = 1.5
"""The maximum, as a multiple of the instances that carry the peak."""
PRICE_PER_HOUR = 1.41
"""An ml.g5.xlarge endpoint instance, in dollars; on-demand prices differ by region."""

_FILE = """\
# Written by `flyball demo`, which writes it again: copy it before you change it.
#
#   flyball validate {name}
#   flyball schedule preview {name}
#   flyball run --config {name}

version: 1
scalable_targets:
  - id: demo
    min_capacity: 2
    max_capacity: {most}
    price_per_hour: {price}
    lead_time: 4m
    metrics:
      - name: invocations
        source: {{metric: invocations_per_instance}}
      - name: utilization
        unit: percent
    policies:
      # Each instance serves {mu} requests a minute; keep it at {share} % of that.
      - name: keep-{target}
        kind: target_tracking
        metric: invocations
        target_value: {target}
        scale_out: {{cooldown: 2m, tolerance: 0.05}}
        scale_in: {{cooldown: 5m, datapoints: 15 of 15}}
      # Overloaded: do not wait for the proportional answer.
      - name: overload
        kind: step
        metric: utilization
        threshold: 100
        comparison: ">="
        adjustment: percent_change_in_capacity
        min_adjustment_magnitude: 2
        cooldown: 3m
        steps:
          - {{from: 0, to: 50, percent: 25}}
          - {{from: 50, percent: 50}}
    windows:
      # The office opens at nine; be there before it does.
      - name: office-hours
        days: [mon-fri]
        from: "08:30"
        to: "18:00"
        floor: {floor}
    scale_in:
      stabilization_window: 15m
"""


def write_sample(name: str, capacity_per_instance: float) -> str:
    """Write a flyball.yaml that suits a load.

    Args:
        name: The file's, for its first lines.
        capacity_per_instance: Requests that one instance serves in a minute.

    Returns:
        YAML.
    """
    return _FILE.format(
        name=name,
        most=math.ceil(PEAK_INSTANCES / COMFORT_RATIO * HEADROOM / 2) * 2,
        floor=math.ceil(PEAK_INSTANCES * COMFORT_RATIO),
        price=PRICE_PER_HOUR,
        mu=_shorten(capacity_per_instance),
        share=round(COMFORT_RATIO * 100),
        target=_shorten(COMFORT_RATIO * capacity_per_instance),
    )


def _shorten(value: float) -> str:
    """Write a number with three digits that count."""
    digits = 2 - math.floor(math.log10(value))
    return f"{round(value, digits):.{max(0, digits)}f}"
