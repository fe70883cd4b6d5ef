"""What do our own settings mean to the engine?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flyball.config.fields import Strict
from flyball.config.models import DirectionSettings, MetricSettings, RateSettings, WindowSettings
from flyball.config.policies import (
    MissingSettings,
    ScheduledSettings,
    StepItem,
    StepSettings,
    TrackingSettings,
)
from flyball.config.problem import Path
from flyball.config.profile import Defaults
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.policy import (
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    MissingRule,
    MissingRules,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import DirectionRules, Metric, Per, RateKind, RateRule, Select, Unit
from flyball.core.window import Window

MAX_AGE = {"local": timedelta(minutes=5), "aws": timedelta(minutes=5), "gcp": timedelta(minutes=10)}
"""Cloud Monitoring shows a value up to six minutes late."""
PERIOD = timedelta(seconds=60)


def make_metric(settings: MetricSettings, place: Place, home: str, report: Report) -> Metric | None:
    """Make a metric."""
    period = settings.period or PERIOD
    max_age = settings.max_age or max(MAX_AGE[home], 2 * period)
    if max_age < period:
        report.add(place.at("max_age"), "got less than the period: every datapoint would be stale")
    return report.attempt(
        place,
        {},
        lambda: Metric(
            settings.name, Unit(settings.unit), Per(settings.per), period, max_age, settings.source
        ),
    )


def make_tracking(
    settings: TrackingSettings, place: Place, defaults: Defaults, report: Report
) -> TrackingPolicy | None:
    """Make a target tracking policy."""
    scale_out, scale_in = settings.scale_out, settings.scale_in
    high, low = defaults.high_ratio, defaults.low_ratio
    for tolerance in (settings.tolerance, scale_out.tolerance):
        high = high if tolerance is None else round(1 + tolerance, 12)
    for tolerance in (settings.tolerance, scale_in.tolerance):
        low = low if tolerance is None else round(1 - tolerance, 12)
    high = high if scale_out.high_ratio is None else scale_out.high_ratio
    low = low if scale_in.low_ratio is None else scale_in.low_ratio
    names: dict[str, Path] = {"high_ratio": ("scale_out",), "low_ratio": ("scale_in",)}
    return report.attempt(
        place,
        names,
        lambda: TrackingPolicy(
            settings.name,
            settings.metric,
            settings.target_value,
            high_ratio=high,
            low_ratio=low,
            out_datapoints=_rule(scale_out.datapoints, defaults.out_datapoints),
            in_datapoints=_rule(scale_in.datapoints, defaults.in_datapoints),
            scale_out_cooldown=_or(scale_out.cooldown, defaults.scale_out_cooldown),
            scale_in_cooldown=_or(scale_in.cooldown, defaults.scale_in_cooldown),
            disable_scale_in=scale_in.disabled,
            missing=make_missing(settings.missing, defaults.missing),
        ),
    )


def make_step(
    settings: StepSettings, place: Place, defaults: Defaults, report: Report
) -> StepPolicy | None:
    """Make a step policy; its steps may come in any order."""
    adjustment = _find_adjustment(settings, place, report)
    if adjustment is None:
        return None
    steps, order = sort_steps([Step(*_bounds(item), _amount(item)) for item in settings.steps])
    names: dict[str, Path] = {}
    for index, original in enumerate(order):
        item = settings.steps[original]
        names[f"steps[{index}]"] = ("steps", original)
        names[f"steps[{index}].adjustment"] = ("steps", original, _word(item, AMOUNTS))
        names[f"steps[{index}].lower"] = ("steps", original, _word(item, ("from", "lower")))
        names[f"steps[{index}].upper"] = ("steps", original, _word(item, ("to", "upper")))
    return report.attempt(
        place,
        names,
        lambda: StepPolicy(
            settings.name,
            settings.metric,
            settings.threshold,
            steps,
            comparison=None if settings.comparison is None else Comparison(settings.comparison),
            adjustment=adjustment,
            min_adjustment_magnitude=settings.min_adjustment_magnitude or 0,
            aggregation=Aggregation(settings.aggregation),
            datapoints=_rule(settings.datapoints, defaults.step_datapoints),
            cooldown=_or(settings.cooldown, defaults.step_cooldown),
            missing=make_missing(settings.missing, defaults.step_missing),
        ),
    )


def sort_steps(steps: Sequence[Step]) -> tuple[tuple[Step, ...], list[int]]:
    """Order steps by their lower bounds, a null one first; give the original indices too."""
    order = sorted(
        range(len(steps)), key=lambda i: (steps[i].lower is not None, steps[i].lower or 0.0)
    )
    return tuple(steps[i] for i in order), order


def make_scheduled(
    settings: ScheduledSettings, place: Place, time_zone: str, report: Report
) -> ScheduledPolicy | None:
    """Make a scheduled action."""
    schedule = report.attempt(
        place,
        {},
        lambda: Schedule(
            settings.schedule, settings.time_zone or time_zone, settings.start, settings.end
        ),
    )
    if schedule is None:
        return None
    return report.attempt(
        place,
        {},
        lambda: ScheduledPolicy(
            settings.name, schedule, settings.min_capacity, settings.max_capacity
        ),
    )


def make_window(
    settings: WindowSettings, place: Place, time_zone: str, report: Report
) -> Window | None:
    """Make a window; the short form of days and clock times becomes cron expressions."""
    start, end, names = settings.start, settings.end, dict[str, Path]()
    if settings.from_ is not None:
        start = _write_cron(settings.from_, settings.days or ["daily"])
        names["start"] = ("from",)
    if settings.to is not None:
        end = _write_cron(settings.to.replace("24:00", "00:00"), ["daily"])
        names["end"] = ("to",)
    names |= {"except_dates": ("except",), "also_dates": ("also",)}
    return report.attempt(
        place,
        names,
        lambda: Window(
            settings.name,
            start or "",
            end,
            settings.duration,
            settings.time_zone or time_zone,
            settings.floor,
            settings.ceiling,
            settings.pin,
            settings.priority,
            tuple(sorted(set(settings.except_))),
            tuple(sorted(set(settings.also))),
            settings.valid_from,
            settings.valid_until,
        ),
    )


def make_direction(settings: DirectionSettings | None, default: DirectionRules) -> DirectionRules:
    """Make the rules of one direction."""
    if settings is None:
        return default
    rates = default.rates if settings.rates is None else tuple(map(_make_rate, settings.rates))
    return DirectionRules(
        _or(settings.stabilization_window, default.stabilization_window),
        rates,
        default.select if settings.select is None else Select(settings.select),
    )


AMOUNTS = ("add", "remove", "percent", "set", "adjustment")


def _find_adjustment(settings: StepSettings, place: Place, report: Report) -> Adjustment | None:
    """Find what the numbers mean: the policy's own word, or its steps' words."""
    meanings = {"percent": Adjustment.PERCENT_CHANGE_IN_CAPACITY, "set": Adjustment.EXACT_CAPACITY}
    found = {
        meanings[word]
        for word in meanings
        for item in settings.steps
        if word in item.model_fields_set
    }
    plain = any(not meanings.keys() & item.model_fields_set for item in settings.steps)
    said = None if settings.adjustment is None else Adjustment(settings.adjustment)
    if said is None:
        said = next(iter(found), Adjustment.CHANGE_IN_CAPACITY)
        if found and plain:
            found.add(Adjustment.CHANGE_IN_CAPACITY)
    if found - {said}:
        words = sorted(each.value for each in found | {said})
        hint = "use the same word in every step, or split the policy"
        report.add(
            place.at("steps"), f"the steps mean different things: {' and '.join(words)}", hint
        )
        return None
    if said is Adjustment.EXACT_CAPACITY and any(
        {"add", "remove"} & item.model_fields_set for item in settings.steps
    ):
        report.add(
            place.at("steps"), "add and remove mean nothing with exact_capacity", "write set"
        )
        return None
    return said


def _bounds(item: StepItem) -> tuple[float | None, float | None]:
    return (
        item.from_ if item.lower is None else item.lower,
        item.to if item.upper is None else item.upper,
    )


def _amount(item: StepItem) -> float:
    given = (
        item.add,
        None if item.remove is None else -item.remove,
        item.percent,
        item.set,
        item.adjustment,
    )
    return float(next((number for number in given if number is not None), 0))


def _word(item: Strict, words: Sequence[str]) -> str:
    written = {field if field != "from_" else "from" for field in item.model_fields_set}
    return next((word for word in words if word in written), words[0])


def _make_rate(settings: RateSettings) -> RateRule:
    if settings.count is not None:
        return RateRule(RateKind.COUNT, float(settings.count), settings.period)
    return RateRule(RateKind.PERCENT, settings.percent or 0.0, settings.period)


def _write_cron(clock: str, days: Sequence[str]) -> str:
    hour, minute = map(int, clock.split(":"))
    if "daily" in days:
        return f"cron({minute} {hour} * * ? *)"
    return f"cron({minute} {hour} ? * {','.join(day.upper() for day in days)} *)"


def _rule(given: tuple[int, int] | None, default: DatapointsRule) -> DatapointsRule:
    return default if given is None else DatapointsRule(*given)


def _or(given: timedelta | None, default: timedelta) -> timedelta:
    return default if given is None else given


def make_missing(settings: MissingSettings, default: MissingRules) -> MissingRules:
    """Make the missing-data rules of a policy."""
    return MissingRules(
        default.scale_out if settings.scale_out is None else MissingRule(settings.scale_out),
        default.scale_in if settings.scale_in is None else MissingRule(settings.scale_in),
    )
