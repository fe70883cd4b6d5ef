"""What does a plan say to the person who is about to apply it?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from flyball.plan.model import Change, Check, Kind, Level, Plan, Purpose, Verb
from flyball.report.default import NONE, tell_absent
from flyball.report.figures import counted
from flyball.report.plain import plain

SIGNS: Mapping[Verb, str] = {
    Verb.CREATE: "+",
    Verb.UPDATE: "~",
    Verb.DELETE: "-",
    Verb.MOVE: "→",
    Verb.SUSPEND: "‖",
    Verb.RESUME: "▶",
}
STYLES: Mapping[str, str] = {
    "+": "green",
    "~": "yellow",
    "-": "red",
    "→": "yellow",
    "‖": "cyan",
    "▶": "cyan",
    Level.OK.value: "green",
    Level.WARN.value: "yellow",
    Level.FAIL.value: "bold red",
}
DONE: Mapping[Verb, str] = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.DELETE: "deleted",
    Verb.MOVE: "moved",
    Verb.SUSPEND: "suspended",
    Verb.RESUME: "resumed",
}
GOOGLE = "gcp"
FINE_SHOWN = 3
REMEDY_LENGTH = 8_000
"""A policy is pasted whole; IAM takes 6,144 characters, blanks not counted."""
REMEDY_INDENT = 7
"""Below the text of its check."""
OPERATORS: Mapping[str, str] = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
    "COMPARISON_GT": ">",
    "COMPARISON_LT": "<",
}
FILTER = "condition.filter"
"""Field that an alarm of Google's has, and names its metric in."""


class Line(NamedTuple):
    """A line of a page.

    Attributes:
        text: Plain already.
        indent: Columns.
        mark: What stands before it, in its own colour: a sign or a level.
        style: The text's colour.
    """

    text: str
    indent: int = 0
    mark: str = ""
    style: str = ""


def tell_plan(plan: Plan) -> Iterator[Line]:
    """Say what would change, target by target, what else was seen, and what it costs."""
    for home, place in plan.place.items():
        yield Line(_tell_place(home, place), style="dim")
    for (home, name), changes in groupby(
        plan.changes, key=lambda change: (change.home, change.scalable_target_id)
    ):
        yield Line("")
        yield Line(plain(name or f"{home}: the deployment"), style="bold")
        for change in changes:
            yield from _tell_change(change, plan.cost.each.get(change.name))
    if plan.checks:
        yield Line("")
        yield from _tell_checks(plan.checks)
    yield Line("")
    yield from map(Line, _tell_effects(plan))
    yield Line(sum_up(plan), style="bold")
    if plan.cost.alarms or plan.cost.jobs or plan.cost.before:
        yield Line(_tell_cost(plan))


def _tell_effects(plan: Plan) -> Iterator[str]:
    """Say what stays as it is although somebody may think otherwise."""
    if plan.choices.take_over and GOOGLE in plan.place:
        yield (
            "--take-over has no effect on Google Cloud: its autoscaler cannot be suspended, and "
            "picks inside Flyball's range."
        )
    gone = (each for each in plan.changes if each.home == GOOGLE and each.kind is Kind.TARGET)
    if any(each.verb is Verb.DELETE for each in gone):
        yield (
            "The range on Google Cloud stays as it was set last, and the service goes on picking "
            "inside it."
        )


def tell_check(check: Check) -> Iterator[Line]:
    """Say how a check came out, and on a second line what to do about it."""
    who = f"{plain(check.scalable_target_id)}: " if check.scalable_target_id else ""
    name = f"{check.name}: " if check.name else ""
    yield Line(f"{who}{name}{plain(check.text, 1_000)}", 2, check.level.value)
    if check.remedy:
        yield Line(f"→ {plain(check.remedy, REMEDY_LENGTH)}", REMEDY_INDENT, style="dim")


def sum_up(plan: Plan) -> str:
    """Say on one line how much would change."""
    total = sum(plan.unchanged.values())
    kept = f"{counted(total, 'part')} {'is' if total == 1 else 'are'} as wanted"
    if not plan.changes:
        if plan.purpose is Purpose.DESTROY:
            return f"Nothing to remove.{_tell_nobody(plan)}"
        return f"Nothing to change: {kept}."
    parts = [f"{count} to {verb.value}" for verb, count in count_verbs(plan).items()]
    rest = f"; {kept}" if total else ""
    blocked = len(plan.problems)
    refused = f" It cannot be applied: {counted(blocked, 'problem')}." if blocked else ""
    return f"Plan: {', '.join(parts)}{rest}.{refused}"


def _tell_nobody(plan: Plan) -> str:
    """Say that none of a file's targets is here: it may be another stage that is meant."""
    if not plan.wanted:
        return ""
    who = f"None of the {len(plan.wanted):,} scalable targets"
    if len(plan.wanted) == 1:
        who = f"Scalable target {plain(plan.wanted[0].id)}"
    negation = " not" if len(plan.wanted) == 1 else ""
    return f" {who} of {plain(plan.file)} is{negation} registered here."


def count_verbs(plan: Plan) -> dict[Verb, int]:
    """Count the changes by what is done."""
    counts = {verb: sum(each.verb is verb for each in plan.changes) for verb in Verb}
    return {verb: count for verb, count in counts.items() if count}


def tell_done(change: Change) -> str:
    """Say on one line what was done."""
    return f"{DONE[change.verb]} {change.kind.value} {plain(change.name)}"


def _tell_checks(checks: Iterable[Check]) -> Iterator[Line]:
    """Say each check; of many that are fine for the same reason only the first few."""
    fine: dict[str, int] = {}
    for check in checks:
        if check.level is Level.OK:
            fine[check.name] = fine.get(check.name, 0) + 1
        if check.level is not Level.OK or fine[check.name] <= FINE_SHOWN:
            yield from tell_check(check)
    for name, count in fine.items():
        if count > FINE_SHOWN:
            yield Line(f"{name}: {count - FINE_SHOWN:,} more like that", 2, Level.OK.value)


def _tell_place(home: str, place: Mapping[str, str]) -> str:
    known = [f"{name.replace('_', ' ')} {plain(value)}" for name, value in place.items() if value]
    return f"{home}: {', '.join(known)}" if known else f"{home}: the ledger on this machine"


def _tell_change(change: Change, dollars: float | None) -> Iterator[Line]:
    after = {each.name: each.after or "" for each in change.fields}
    short = _shorten(change)
    if change.verb is Verb.CREATE:
        words = CREATED[change.kind](after)
        price = f"; ${dollars:.2f} a month" if dollars else ""
        yield Line(plain(f"{short}: {words}{price}", 1_000), 2, SIGNS[change.verb])
        return
    yield Line(plain(short), 2, SIGNS[change.verb])
    if change.verb is Verb.DELETE:
        return
    for each in change.fields:
        if each.name != "config_hash":
            is_target = change.kind is Kind.TARGET
            none = tell_absent(each.name, change.fields) if is_target else NONE
            before, now = (none if text is None else text for text in (each.before, each.after))
            yield Line(plain(f"{each.name}: {before} → {now}", 1_000), 6)


def _shorten(change: Change) -> str:
    """Name a part beside its target's name: an alarm by its policy and side."""
    if change.kind is Kind.TARGET:
        return "scalable target"
    if change.kind is Kind.ALARM:
        return "alarm " + " ".join(change.name.split("/")[2:])
    if change.kind is Kind.JOB:
        return f"job {change.name}"
    return f"native scaling of {change.name}"


def _tell_target(fields: Mapping[str, str]) -> str:
    bounds = f"{fields['min_capacity']}–{fields['max_capacity']} instances"
    names = {
        kind: list(dict.fromkeys(_named(fields, f"{kind}."))) for kind in ("policies", "windows")
    }
    parts = [bounds, fields.get("mode", "apply")]
    parts += [f"{kind} {', '.join(found)}" for kind, found in names.items() if found]
    return "; ".join(parts)


def _named(fields: Mapping[str, str], prefix: str) -> Iterator[str]:
    for name in fields:
        if name.startswith(prefix):
            yield name.removeprefix(prefix).rpartition(".")[0].split(".")[0]


def _tell_alarm(fields: Mapping[str, str]) -> str:
    if FILTER in fields:
        return _tell_policy(fields)
    metric = fields.get("MetricName", "a metric expression")
    sign = OPERATORS.get(fields.get("ComparisonOperator", ""), "?")
    evaluated = fields.get("EvaluationPeriods", "1")
    rule = f"{fields.get('DatapointsToAlarm', evaluated)} of {evaluated}"
    period = f" × {fields['Period']} s" if "Period" in fields else " periods"
    threshold = fields.get("Threshold", "").removesuffix(".0")
    return f"{metric} {sign} {threshold} in {rule}{period}"


def _tell_policy(fields: Mapping[str, str]) -> str:
    found = re.search(r'metric\.type = "([^"]+)"', fields[FILTER])
    metric = "a metric" if found is None else found[1]
    sign = OPERATORS.get(fields.get("condition.comparison", ""), "?")
    threshold = f"{float(fields.get('condition.threshold_value', '0')):g}"
    lasts, period = (
        float(fields.get(f"condition.{name}", default).removesuffix("s"))
        for name, default in (("duration", "0s"), ("aggregation.alignment_period", "60s"))
    )
    return f"{metric} {sign} {threshold} in {lasts / period + 1:g} × {period:g} s"


def _tell_job(fields: Mapping[str, str]) -> str:
    schedule, zone = fields.get("schedule", "?"), fields.get("time_zone", "?")
    who = f" as {fields['service_account']}" if "service_account" in fields else ""
    return f"{schedule} {zone}: calls {fields.get('uri', '?')}{who}"


CREATED: Mapping[Kind, Callable[[Mapping[str, str]], str]] = {
    Kind.TARGET: _tell_target,
    Kind.ALARM: _tell_alarm,
    Kind.JOB: _tell_job,
}
"""How what comes is told in short."""


def _tell_cost(plan: Plan) -> str:
    cost = plan.cost
    change = cost.after - cost.before
    more = f" ({'+' if change > 0 else '−'}${abs(change):.2f})" if abs(change) > 0.001 else ""  # noqa: PLR2004
    free = "".join(f"; {each}" for each in cost.free)
    if not cost.jobs:
        return f"Alarms: {cost.alarms}, ${cost.after:.2f} a month at list price{more}{free}."
    told = f"{counted(cost.alarms, 'alarm')} and {counted(cost.jobs, 'job')}"
    return f"Cost: {told}, ${cost.after:.2f} a month at list price{more}{free}."
