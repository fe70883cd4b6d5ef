"""What does a profile say where the author of a file says nothing?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from flyball.core.policy import DatapointsRule, MissingRule, MissingRules
from flyball.core.target import DirectionRules, Profile, RateKind, RateRule

_FIVE_MINUTES = timedelta(seconds=300)
_SYNC = timedelta(seconds=15)


class Defaults(NamedTuple):
    """One profile's defaults.

    Attributes:
        high_ratio: Of a tracking policy.
        low_ratio: Likewise.
        out_datapoints: Likewise.
        in_datapoints: Likewise.
        scale_out_cooldown: Likewise.
        scale_in_cooldown: Likewise.
        missing: Likewise.
        step_datapoints: Of a step policy.
        step_cooldown: Likewise.
        step_missing: Likewise.
        scale_out: Of the scalable target.
        scale_in: Likewise.
    """

    high_ratio: float
    low_ratio: float
    out_datapoints: DatapointsRule
    in_datapoints: DatapointsRule
    scale_out_cooldown: timedelta
    scale_in_cooldown: timedelta
    missing: MissingRules
    step_datapoints: DatapointsRule
    step_cooldown: timedelta
    step_missing: MissingRules
    scale_out: DirectionRules
    scale_in: DirectionRules


DEFAULTS: Mapping[Profile, Defaults] = {
    Profile.FLYBALL: Defaults(
        high_ratio=1.0,
        low_ratio=0.9,
        out_datapoints=DatapointsRule(2, 3),
        in_datapoints=DatapointsRule(5, 5),
        scale_out_cooldown=timedelta(),
        scale_in_cooldown=timedelta(),
        missing=MissingRules(MissingRule.IGNORE, MissingRule.HOLD),
        step_datapoints=DatapointsRule(2, 3),
        step_cooldown=_FIVE_MINUTES,
        step_missing=MissingRules(MissingRule.IGNORE, MissingRule.HOLD),
        scale_out=DirectionRules(),
        scale_in=DirectionRules(stabilization_window=_FIVE_MINUTES),
    ),
    # Source: the alarms that target tracking makes for a SageMaker variant; Application Auto
    # Scaling User Guide, "Target tracking scaling policies", "Step scaling policies".
    Profile.AWS: Defaults(
        high_ratio=1.0,
        low_ratio=0.9,
        out_datapoints=DatapointsRule(3, 3),
        in_datapoints=DatapointsRule(15, 15),
        scale_out_cooldown=_FIVE_MINUTES,
        scale_in_cooldown=_FIVE_MINUTES,
        missing=MissingRules(MissingRule.IGNORE, MissingRule.BLOCK_SCALE_IN),
        step_datapoints=DatapointsRule(1, 1),
        step_cooldown=_FIVE_MINUTES,
        step_missing=MissingRules(MissingRule.IGNORE, MissingRule.IGNORE),
        scale_out=DirectionRules(),
        scale_in=DirectionRules(),
    ),
    # Source: Kubernetes, "Horizontal Pod Autoscaling", "Default behavior". It knows no step
    # policy: one beside it keeps a cooldown, since it would repeat itself at every look.
    Profile.HPA: Defaults(
        high_ratio=1.1,
        low_ratio=0.9,
        out_datapoints=DatapointsRule(1, 1),
        in_datapoints=DatapointsRule(1, 1),
        scale_out_cooldown=timedelta(),
        scale_in_cooldown=timedelta(),
        missing=MissingRules(MissingRule.IGNORE, MissingRule.HOLD),
        step_datapoints=DatapointsRule(1, 1),
        step_cooldown=_FIVE_MINUTES,
        step_missing=MissingRules(MissingRule.IGNORE, MissingRule.HOLD),
        scale_out=DirectionRules(
            rates=(RateRule(RateKind.COUNT, 4.0, _SYNC), RateRule(RateKind.PERCENT, 100.0, _SYNC))
        ),
        scale_in=DirectionRules(
            stabilization_window=_FIVE_MINUTES, rates=(RateRule(RateKind.PERCENT, 100.0, _SYNC),)
        ),
    ),
}
