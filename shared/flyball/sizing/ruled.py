"""Which policies is a sized endpoint scaled by, as a config has them?

Each value stands below a comment that says where it comes from.
"""

from __future__ import annotations

from flyball.sizing.benchmark import Resource
from flyball.sizing.gauges import Gauge, Gauges, WrittenError
from flyball.sizing.layout import Lines, indent, push, say, show_length, show_number
from flyball.sizing.limit import OBJECTIVE_RATIO, PERCENT, Objective
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import round_down
from flyball.sizing.saturation import NAMES
from flyball.sizing.settings import Kind, Settings, choose_gauge, read_use, tell_most

COOLDOWNS = (
    "Scale-out waits a tenth of the lead time, since it may not make late what is late already; "
    "scale-in waits one lead time, since what it took by mistake takes so long to come back"
)
CALM_RATIO = 0.5
"""Of the target: steps take one away there."""
LEAST_BUDGET, MOST_BUDGET = 0.0001, 0.5
"""Of lateness, that an adaptive policy takes."""


def write_policies(sizing: Sizing, settings: Settings, gauges: Gauges) -> Lines:
    """Write the items of a config's `policies`.

    Args:
        sizing: What the method found.
        settings: What they are set to.
        gauges: What the home measures.

    Raises:
        WrittenError: The home does not measure what such policies need.
    """
    page = _Policies(sizing, settings, gauges)
    match settings.kind:
        case Kind.ADAPTIVE:
            yield from page.adapt()
        case Kind.STEPS:
            yield from page.climb()
        case _:
            yield from page.track()


def explain(settings: Settings, name: str, otherwise: str) -> str:
    """Say where a setting is from, and why it is another one by now."""
    told = settings.why.get(name)
    return otherwise if told is None else f"{otherwise}. Then: {told}"


def show_value(
    sizing: Sizing, gauge: Gauge, resource: Resource | None, invocations: float
) -> float:
    """Give what a metric shows, as a policy is written, at so many invocations per instance."""
    if resource is None or gauge.name == "calls":
        return invocations
    if not gauge.full:
        return PERCENT * invocations / sizing.saturation.invocations
    return gauge.full * read_use(sizing, resource, invocations)


class _Policies:
    """The policies of each kind."""

    def __init__(self, sizing: Sizing, settings: Settings, gauges: Gauges) -> None:
        self.sizing = sizing
        self.settings = settings
        self.gauges = gauges
        self.resource = choose_gauge(sizing)

    def track(self) -> Lines:
        """Write target tracking, and steps for what comes at once."""
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

    def adapt(self) -> Lines:
        """Write an adaptive policy alone."""
        if self.gauges.calls is None:
            raise WrittenError(
                "kind: an adaptive policy needs the number of requests, which this home does not "
                "count of this resource; choose tracking"
            )
        yield from indent(self._budget(self.gauges.calls), "  - ")

    def climb(self) -> Lines:
        """Write steps alone, out and in."""
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
        yield from say(f"{explain(self.settings, 'invocations', self._tell_limit(gauge))}.")
        yield f"name: {gauge.name}-at-{show_number(value)}"
        yield "kind: target_tracking"
        yield f"metric: {gauge.name}"
        yield f"target_value: {show_number(value)}"
        if gauge is (self.gauges.calls or self.gauges.use):
            yield from say(f"{explain(self.settings, 'cooldowns', COOLDOWNS)}.")
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
            *say(f"{explain(self.settings, 'rises', why)}."),
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
