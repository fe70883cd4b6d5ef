"""Which fixed words does a decision use: directions, causes, reasons, limits, actions?"""

from __future__ import annotations

from enum import Enum


class Word(Enum):
    """An enum of fixed words, quick to look up and to hash.

    Python 3.11 finds a member through a descriptor in 100 ns; as a plain attribute, which is what
    Python 3.12 makes of it, it takes 20. A decision looks up some fifty.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, member in cls.__members__.items():
            type.__setattr__(cls, name, member)

    __hash__ = object.__hash__


class Direction(Word):
    """A horizontal change."""

    OUT = "scale_out"
    IN = "scale_in"


class Status(Word):
    """What the provider says of the endpoint, folded to what matters for a decision."""

    IN_SERVICE = "in_service"
    BUSY = "busy"
    """Creating, Updating, SystemUpdating, RollingBack: it refuses a change for now."""
    FAILED = "failed"
    """Frozen until a human looks; never repaired by us."""


class MissingCause(Word):
    """Why a number is not known. None of these is a zero."""

    NO_DATA = "no_data"
    STALE = "stale"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    FROM_THE_FUTURE = "from_the_future"
    SOURCE_FAILED = "source_failed"
    UNDEFINED_AT_ZERO = "undefined_at_zero"
    """A value per instance, while no instance is in service."""
    UNAVAILABLE = "unavailable"
    """What would tell is no more: only a human can mend it."""


class Reason(Word):
    """Why something is as it is. Sentences are made from these when shown, never stored."""

    # of a recommendation
    ABOVE_TARGET = "above_target"
    BELOW_TARGET = "below_target"
    WITHIN_TOLERANCE = "within_tolerance"
    ALREADY_DESIRED = "already_desired"
    BREACH_TOO_SHORT = "breach_too_short"
    SCALE_IN_DISABLED = "scale_in_disabled"
    MISSING_DATA = "missing_data"
    FLIPPED_BY_MISSING_INSTANCES = "flipped_by_missing_instances"
    STEP = "step"
    STEP_IS_ZERO = "step_is_zero"
    NO_STEP = "no_step"
    NO_BREACH = "no_breach"
    CANNOT_LEAVE_ZERO_BY_PERCENT = "cannot_leave_zero_by_percent"
    FLOOR_UNCLAIMED = "floor_unclaimed"
    """Nobody claims a range's floor: no policy could ever lower it."""
    CARRIED_OVER = "carried_over"
    """What was deployed in place of another is to have the floor that the other one had."""
    RANGE_PERMITS = "range_permits"
    """The range permits already what is asked for; the service takes it or not."""
    ACTIVATED = "activated"
    IDLE = "idle"
    FALLBACK = "fallback"
    FORECAST_ABOVE = "forecast_above"
    """A forecast needs more than there is."""
    FORECAST_COVERED = "forecast_covered"
    """What there is covers a forecast; no fewer than it needs are kept."""
    ON_PROBATION = "on_probation"
    """Its forecasts do no better than the last value: it asks for nothing."""
    FOLLOWS_SHADOW = "follows_shadow"
    """The shadow that an adaptive policy follows has so many."""
    NOTHING_LEARNED = "nothing_learned"
    # of a scheduled action
    SCHEDULE_APPLIED = "schedule_applied"
    SCHEDULE_REJECTED = "schedule_rejected"
    # of a limit
    NOT_ALL_AGREE = "not_all_agree"
    FORECAST_NEEDS = "forecast_needs"
    SCALING_OUT_IN_FLIGHT = "scaling_out_in_flight"
    WARMING_UP = "warming_up"
    STABILIZED = "stabilized"
    IN_COOLDOWN = "in_cooldown"
    RATE_LIMITED = "rate_limited"
    DIRECTION_DISABLED = "direction_disabled"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"
    PINNED = "pinned"
    WINDOW_FLOOR = "window_floor"
    WINDOW_AHEAD = "window_ahead"
    WINDOW_CEILING = "window_ceiling"
    QUOTA = "quota"
    BUDGET = "budget"
    NOT_IDLE_LONG_ENOUGH = "not_idle_long_enough"
    PAUSED = "paused"
    FOREIGN_HOLD = "foreign_hold"
    CAPACITY_SHORTAGE = "capacity_shortage"
    PROVIDER_MIN = "provider_min"
    PROVIDER_MAX = "provider_max"
    HARD_MIN = "hard_min"
    HARD_MAX = "hard_max"
    # of a decision, beside the above
    NOTHING_ASKED = "nothing_asked"
    CAPACITY_UNKNOWN = "capacity_unknown"
    BUSY = "busy"
    ENDPOINT_FAILED = "endpoint_failed"
    FOREIGN_OWNER = "foreign_owner"
    ADVISE_ONLY = "advise_only"
    CEILING_MOVED = "ceiling_moved"
    # of a wake-up time
    HEARTBEAT = "heartbeat"
    BREACH_LASTS = "breach_lasts"
    UPDATE_LASTS = "update_lasts"
    SCHEDULE_BOUNDARY = "schedule_boundary"
    LIMIT_ENDS = "limit_ends"
    LEARNS = "learns"


class LimitKind(Word):
    """The step of the pipeline that changed the number."""

    AGREEMENT = "agreement"
    FORECAST = "forecast"
    STABILIZATION = "stabilization"
    COOLDOWN = "cooldown"
    RATE = "rate"
    PIN = "pin"
    ZERO = "zero"
    WINDOW = "window"
    BOUNDS = "bounds"
    QUOTA = "quota"
    BUDGET = "budget"
    SHORTAGE = "shortage"
    MISSING = "missing"
    FOREIGN = "foreign"
    PAUSE = "pause"
    PROVIDER = "provider"
    HARD = "hard"


class Action(Word):
    """What is done about a decision."""

    HOLD = "hold"
    """Nothing: desired is what the provider already has, or nothing is known."""
    SET = "set"
    """Desired is sent to the provider."""
    DEFER = "defer"
    """The endpoint is busy: recorded, not sent; looked at again in a moment."""
    BLOCK = "block"
    """Somebody must act first: failed endpoint, pause, native auto scaling, advise-only."""
