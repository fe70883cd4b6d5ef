"""Which words and small rules do several kinds of policy share?"""

from __future__ import annotations

from flyball.core.check import check_whole, fail
from flyball.core.shape import dataclass
from flyball.core.word import Word

DATAPOINT_LIMIT = 1_440
"""Most periods that a breach may look back on: a day of minutes."""


class MissingRule(Word):
    """What a policy that cannot know does to one direction."""

    HOLD = "hold"
    """Nothing moves this way while the metric is missing, whatever other policies say."""
    IGNORE = "ignore"
    """The policy abstains; the others decide."""
    BLOCK_SCALE_IN = "block_scale_in"
    """It is against scale-in among the tracking policies; a step policy may still scale in."""


class Comparison(Word):
    """How a value is held against a step policy's threshold."""

    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


class Aggregation(Word):
    """How a step policy folds the datapoints of its evaluation range into one value."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    AVERAGE = "average"


class Adjustment(Word):
    """What a step's number means."""

    CHANGE_IN_CAPACITY = "change_in_capacity"
    EXACT_CAPACITY = "exact_capacity"
    PERCENT_CHANGE_IN_CAPACITY = "percent_change_in_capacity"


@dataclass(frozen=True, slots=True)
class MissingRules:
    """The missing-data rule of one policy's metric, by direction."""

    scale_out: MissingRule = MissingRule.IGNORE
    scale_in: MissingRule = MissingRule.HOLD

    def __post_init__(self) -> None:
        if self.scale_out is MissingRule.BLOCK_SCALE_IN:
            fail("missing.scale_out", self.scale_out.value, "hold or ignore")


@dataclass(frozen=True, slots=True)
class DatapointsRule:
    """M of N: at least `breaching` of the `evaluated` newest periods."""

    breaching: int = 1
    evaluated: int = 1

    def __post_init__(self) -> None:
        check_whole("datapoints.evaluated", self.evaluated, 1, DATAPOINT_LIMIT)
        check_whole("datapoints.breaching", self.breaching, 1, self.evaluated)
