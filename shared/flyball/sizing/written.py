"""Which flyball.yaml is it that a sized endpoint is scaled by?

Every value stands below a comment that says where it comes from. What is written is read again
before it is given: it is sound, and says what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flyball import config
from flyball.config.full import FULL
from flyball.config.problem import Problem
from flyball.core.target import EARLIEST
from flyball.sizing.benchmark import Resource
from flyball.sizing.expectation import MINUTE_S
from flyball.sizing.gauges import Gauge, Gauges, WrittenError, find_gauges, say_full, show_source
from flyball.sizing.habit import Habit
from flyball.sizing.layout import (
    Lines,
    indent,
    push,
    say,
    show_length,
    show_number,
    show_text,
)
from flyball.sizing.limit import OBJECTIVE_RATIO, PERCENT, Objective
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import round_down
from flyball.sizing.saturation import NAMES
from flyball.sizing.settings import (
    Kind,
    Settings,
    choose_gauge,
    derive_settings,
    read_use,
    tell_most,
)

COOLDOWNS = (
    "Scale-out waits a tenth of the lead time, since it may not make late what is late already; "
    "scale-in waits one lead time, since what it took by mistake takes so long to come back"
)
LOOK = timedelta(minutes=1)
CALM_RATIO = 0.5
"""Of the target: steps take one away there."""
LEAST_BUDGET, MOST_BUDGET = 0.0001, 0.5
"""Of lateness, that an adaptive policy takes."""
RANGE = (
    "They move the range's floor. Inside the range Google's own autoscaler picks, which keeps CPU "
    "and GPU at 60%."
)


def write_config(
    sizing: Sizing,
    name: str,
    home: str,
    resource: Mapping[str, str],
    settings: Settings | None = None,
    *,
    time_zone: str = "UTC",
    note: str = "",
) -> str:
    """Write a commented flyball.yaml of one scalable target.

    Args:
        sizing: What the method found.
        name: The scalable target's id.
        home: "aws" (a variant of a SageMaker endpoint), "gcp" (an endpoint or a pool of Vertex AI,
            or a version of AI Platform) or "local".
        resource: What is scaled, as the config's `resource`.
        settings: What the policies are set to; None: as the method says, by derive_settings.
        time_zone: IANA name, of windows.
        note: Lines for people at the top, such as how it was checked; "": none.

    Returns:
        YAML that flyball.config.loads takes, ending with a newline.

    Raises:
        WrittenError: The home or the resource is not one that can be written, or a value is not
            one that a config takes.

    Source: AWS's published method of sizing an endpoint in three steps: target tracking on
        invocations and on use, and step scaling for aggressive traffic.
    """
    chosen = derive_settings(sizing) if settings is None else settings
    tracked, most = choose_gauge(sizing), sizing.saturation.invocations
    gauges = find_gauges(home, resource, tracked, sizing.benchmark.machine)
    used_ratio = 1.0 if tracked is None else read_use(sizing, tracked, most)
    page = _Page(sizing, chosen, say_full(gauges, most, used_ratio))
    lines = [
        *page.head(note),
        "version: 1",
        "",
        "scalable_targets:",
        *indent(page.target(name, home, resource, time_zone), "  - "),
    ]
    text = "\n".join(lines) + "\n"
    try:
        config.loads(text, "the config that was written")
    except config.ConfigError as error:
        raise WrittenError("\n".join(map(_show, error.problems))) from error
    return text


def _show(problem: Problem) -> str:
    """Name the key; lines are of a file that nobody has."""
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{problem.path}: {problem.message}{hint}"


def show_value(
    sizing: Sizing, gauge: Gauge, resource: Resource | None, invocations: float
) -> float:
    """Give what a metric shows, as a policy is written, at so many invocations per instance."""
    if resource is None or gauge.name == "calls":
        return invocations
    if not gauge.full:
        return PERCENT * invocations / sizing.saturation.invocations
    return gauge.full * read_use(sizing, resource, invocations)


class _Page:
    """The parts of a file."""

    def __init__(self, sizing: Sizing, settings: Settings, gauges: Gauges) -> None:
        self.sizing = sizing
        self.settings = settings
        self.gauges = gauges
        self.resource = choose_gauge(sizing)

    def head(self, note: str) -> Lines:
        """Say where all of it comes from."""
        expected, machine = self.sizing.wish.expectation, self.sizing.benchmark.machine
        kind = machine.instance_type or "an instance of unknown type"
        source = self.sizing.benchmark.source or "a load test"
        cores = f"{machine.cores} core" + ("s" if machine.cores > 1 else "")
        yield from say(f"Written from a load test of one instance ({kind}, {cores}): {source}.")
        yield from say(self.sizing.saturation.sentence)
        yield from say(
            f"Expected: {show_number(expected.least_per_s)} to "
            f"{show_number(expected.most_per_s)} requests a second, and "
            f"{show_number(expected.growth_factor)} times the instances for growth."
        )
        for each in filter(None, note.split("\n")):
            yield from say(each)

    def target(self, name: str, home: str, resource: Mapping[str, str], time_zone: str) -> Lines:
        """Write the scalable target."""
        settings = self.settings
        yield f"id: {show_text(name)}"
        yield f"home: {home}"
        if home != "local":
            yield from say("It only says what it would do: write `apply` once that reads well.")
            yield "mode: advise"
        yield f"resource: {{{', '.join(f'{k}: {show_text(v)}' for k, v in resource.items())}}}"
        if settings.habits:
            yield f"time_zone: {show_text(time_zone)}"
        yield ""
        yield from self._bounds()
        yield ""
        yield from self._lead()
        yield ""
        yield "metrics:"
        for gauge in (self.gauges.calls, self.gauges.use):
            if gauge is not None and self._reads(gauge):
                yield from indent(_metric(gauge), "  - ")
        if self.gauges.note:
            yield from push(say(f"{self.gauges.note}."))
        yield ""
        if home == "gcp":
            yield from say(RANGE)
        yield "policies:"
        match settings.kind:
            case Kind.ADAPTIVE:
                yield from self._adapt()
            case Kind.STEPS:
                yield from self._climb()
            case _:
                yield from self._track()
        if settings.habits:
            yield ""
            yield from self._windows()

    def _reads(self, gauge: Gauge) -> bool:
        kind = self.settings.kind
        if kind is Kind.STEPS:
            return gauge is (self.gauges.use or self.gauges.calls)
        return kind is Kind.TRACKING or gauge is self.gauges.calls

    def _bounds(self) -> Lines:
        settings, expected = self.settings, self.sizing.wish.expectation
        held = self.sizing.limit.invocations.middle
        each = f"({show_number(held)} a minute and instance ÷ {MINUTE_S})"
        capacity = self.sizing.capacity
        why = f"{show_number(expected.least_per_s)} requests a second ÷ {each}, rounded up"
        if capacity.reason:
            why += f"; {capacity.reason}"
        yield from say(f"{self._why('min_capacity', why)}.")
        yield f"min_capacity: {settings.min_capacity}"
        why = (
            f"{show_number(expected.most_per_s)} requests a second ÷ {each} are "
            f"{capacity.most_instances} instances, × {show_number(expected.growth_factor)} for "
            "growth, rounded up"
        )
        yield from say(f"{self._why('max_capacity', why)}.")
        yield f"max_capacity: {settings.max_capacity}"

    def _lead(self) -> Lines:
        machine = self.sizing.benchmark.machine
        if machine.price_per_hour is None:
            yield from say("No price was given: `price_per_hour` would tell what it costs.")
        else:
            yield from say("Of one instance, as it was given.")
            yield f"price_per_hour: {show_number(machine.price_per_hour)}"
        why = self.sizing.wish.lead_origin or "as it was measured or expected"
        yield from say(f"From an order to an instance in service: {why}.")
        yield f"lead_time: {show_length(self.sizing.wish.lead_time)}"

    def _track(self) -> Lines:
        for gauge in (self.gauges.calls, self.gauges.use):
            if gauge is not None:
                yield from indent(self._keep(gauge), "  - ")
        steps = self._step()
        if steps:
            yield from indent(iter(steps), "  - ")
        if self.gauges.calls is not None:
            why = (
                "In place of all of these, a policy that finds out by itself what keeps a budget "
                "of lateness at the least cost:"
            )
            yield from push(say(why))
            for line in indent(self._budget(self.gauges.calls), "  - "):
                yield f"  # {line[2:]}"

    def _adapt(self) -> Lines:
        if self.gauges.calls is None:
            raise WrittenError(
                "kind: an adaptive policy needs the number of requests, which this home does not "
                "count of this resource; choose tracking"
            )
        yield from indent(self._budget(self.gauges.calls), "  - ")

    def _climb(self) -> Lines:
        steps = self._step()
        gauge = self.gauges.use or self.gauges.calls
        if not steps or gauge is None:
            raise WrittenError(
                "kind: steps need a metric of each instance, and room between the limit and "
                "saturation; choose tracking"
            )
        yield from indent(iter(steps), "  - ")
        yield from indent(self._descend(gauge), "  - ")

    def _descend(self, gauge: Gauge) -> Lines:
        """Write a step policy that takes away, and never what is needed at the limit."""
        half = self.settings.invocations * CALM_RATIO
        value = round_down(show_value(self.sizing, gauge, self.resource, half))
        yield from say(
            "At half of what each is held at, one fewer is still enough: of two, one holds it all. "
            "It waits one lead time, since what it took by mistake takes so long to come back."
        )
        yield "name: calm"
        yield "kind: step"
        yield f"metric: {gauge.name}"
        yield f"threshold: {show_number(value)}"
        yield 'comparison: "<="'
        yield f"cooldown: {show_length(self.settings.cooldowns.scale_in)}"
        yield "steps:"
        yield "  - {to: 0, remove: 1}"

    def _keep(self, gauge: Gauge) -> Lines:
        """Write a target tracking policy."""
        sizing, settings = self.sizing, self.settings
        value = round_down(show_value(sizing, gauge, self.resource, settings.invocations))
        yield from say(f"{self._why('invocations', self._tell_limit(gauge))}.")
        yield f"name: {gauge.name}-at-{show_number(value)}"
        yield "kind: target_tracking"
        yield f"metric: {gauge.name}"
        yield f"target_value: {show_number(value)}"
        if gauge is (self.gauges.calls or self.gauges.use):
            yield from say(f"{self._why('cooldowns', COOLDOWNS)}.")
        yield f"scale_out: {{cooldown: {show_length(settings.cooldowns.scale_out)}}}"
        yield f"scale_in: {{cooldown: {show_length(settings.cooldowns.scale_in)}}}"

    def _tell_limit(self, gauge: Gauge) -> str:
        sizing = self.sizing
        limit, objective = sizing.limit, sizing.wish.objective
        if isinstance(objective, Objective):
            aim = f"{OBJECTIVE_RATIO[objective]:.0%} of the hardware's limit ({objective.value})"
        else:
            aim = f"p{PERCENT * objective.quantile:g} of {show_number(objective.latency_ms)} ms"
        carried = show_number(sizing.saturation.invocations)
        told = f"The objective is {aim}"
        if limit.reason:
            told += f"; {limit.reason}"
        if gauge is self.gauges.calls or self.resource is None:
            low, high = show_number(limit.invocations.low), show_number(limit.invocations.high)
            return f"{told}. Kept within {low} to {high}; one instance carries {carried} a minute"
        low, high = (
            show_number(round_down(show_value(sizing, gauge, self.resource, each)))
            for each in (limit.invocations.low, limit.invocations.high)
        )
        ratio = read_use(sizing, self.resource, limit.invocations.middle)
        used = f"{ratio:.0%} of {NAMES[self.resource]}"
        return f"{told}. That is {used}, kept within {low} to {high}; {gauge.note}"

    def _step(self) -> list[str]:
        """Write a step policy, where there is room between the limit and saturation."""
        sizing, settings = self.sizing, self.settings
        gauge = self.gauges.use or self.gauges.calls
        if gauge is None or not settings.rises or gauge.per.value == "total":
            return []
        low, high = (
            round_down(show_value(sizing, gauge, self.resource, each))
            for each in (settings.invocations, sizing.saturation.invocations)
        )
        room = round_down(high - low)
        if room <= 0.0:
            return []
        why = (
            f"Traffic that comes at once is not waited for: {show_number(room)} lie between the "
            f"limit and {show_number(high)}, {tell_most(sizing)}; the second step begins at 5% of "
            "that, the third at 80%"
        )
        return [
            *say(f"{self._why('rises', why)}."),
            "name: surge",
            "kind: step",
            f"metric: {gauge.name}",
            f"threshold: {show_number(low)}",
            'comparison: ">="',
            "datapoints: 1",
            f"cooldown: {show_length(settings.cooldowns.scale_out)}",
            "steps:",
            *(
                f"  - {{from: {show_number(round_down(room * each.begin_ratio))}, "
                + (
                    f"to: {show_number(round_down(room * each.end_ratio))}, "
                    if each.end_ratio is not None
                    else ""
                )
                + f"{'percent' if each.is_percent else 'add'}: {each.add}}}"
                for each in settings.rises
            ),
        ]

    def _budget(self, gauge: Gauge) -> Lines:
        """Write an adaptive policy."""
        budget = min(max(self.settings.late_ratio, LEAST_BUDGET), MOST_BUDGET)
        yield "name: on-budget"
        yield "kind: adaptive"
        yield f"metric: {gauge.name}"
        yield from say(f"Of one instance, {tell_most(self.sizing)}.")
        yield f"capacity_per_instance: {show_number(self.sizing.saturation.invocations)}"
        yield from say("Share of requests that may be late.")
        yield f"late_budget: {PERCENT * budget:.6g}%"

    def _windows(self) -> Lines:
        yield from say(
            "So long before a window begins its floor is ordered: a lead time, and a minute, since "
            "the calendar is looked at once in one."
        )
        yield f"early: {show_length(min(self.sizing.wish.lead_time + LOOK, EARLIEST))}"
        yield "windows:"
        for habit in self.settings.habits:
            yield from indent(_window(habit), "  - ")

    def _why(self, name: str, otherwise: str) -> str:
        told = self.settings.why.get(name)
        return otherwise if told is None else f"{otherwise}. Then: {told}"


def _metric(gauge: Gauge) -> Lines:
    yield f"name: {gauge.name}"
    if gauge.note:
        yield from say(f"{gauge.note[:1].upper()}{gauge.note[1:]}.")
    yield f"unit: {gauge.unit.value}"
    yield f"per: {gauge.per.value}"
    if FULL in gauge.source:
        yield from say("`full`: where an instance carries no more. A backtest goes by it.")
    yield f"source: {show_source(gauge.source)}"


def _window(habit: Habit) -> Lines:
    yield from say(
        f"On {habit.needed} of {habit.known} days of the history ({habit.reliable_ratio:.0%}), "
        f"{habit.floor} instances or more were needed in each of these hours."
    )
    yield f"name: {habit.days}-{habit.begin:02d}-{habit.end:02d}"
    if habit.days != "mon-sun":
        yield f"days: [{habit.days}]"
    yield f'from: "{habit.begin:02d}:00"'
    yield f'to: "{habit.end % 24:02d}:00"'
    yield f"floor: {habit.floor}"
