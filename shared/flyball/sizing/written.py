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
from flyball.sizing.plan import Sizing
from flyball.sizing.ruled import explain, write_policies
from flyball.sizing.settings import (
    Kind,
    Settings,
    choose_gauge,
    derive_settings,
    read_use,
)

LOOK = timedelta(minutes=1)
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


class _Page:
    """The parts of a file."""

    def __init__(self, sizing: Sizing, settings: Settings, gauges: Gauges) -> None:
        self.sizing = sizing
        self.settings = settings
        self.gauges = gauges

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
        yield from write_policies(self.sizing, settings, self.gauges)
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
        yield from say(f"{explain(self.settings, 'min_capacity', why)}.")
        yield f"min_capacity: {settings.min_capacity}"
        why = (
            f"{show_number(expected.most_per_s)} requests a second ÷ {each} are "
            f"{capacity.most_instances} instances, × {show_number(expected.growth_factor)} for "
            "growth, rounded up"
        )
        yield from say(f"{explain(self.settings, 'max_capacity', why)}.")
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

    def _windows(self) -> Lines:
        yield from say(
            "So long before a window begins its floor is ordered: a lead time, and a minute, since "
            "the calendar is looked at once in one."
        )
        yield f"early: {show_length(min(self.sizing.wish.lead_time + LOOK, EARLIEST))}"
        yield "windows:"
        for habit in self.settings.habits:
            yield from indent(_window(habit), "  - ")


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
