"""Does a plan's page say what would change, what it costs, and what stands in the way?"""

from __future__ import annotations

import pytest

from flyball.plan.model import Check, Choices, Cost, Kind, Level, Part, Purpose, Verb, Wanted
from flyball.report.plan import Line, count_verbs, sum_up, tell_check, tell_done, tell_plan
from tests.unit.plan.parts import alarm, native, part, plan, target

ALARM = part(
    Kind.ALARM,
    "flyball/churn/keep/high",
    MetricName="Invocations",
    ComparisonOperator="GreaterThanThreshold",
    Threshold="700.0",
    EvaluationPeriods="3",
    DatapointsToAlarm="2",
    Period="60",
)


def texts(lines: list[Line]) -> list[str]:
    """Give the lines as they would stand on a page."""
    return [f"{line.mark} {line.text}".strip() for line in lines if line.text]


def test_each_change_is_a_line_under_its_target() -> None:
    """What is made is summed up; what changes is shown field by field."""
    made = plan([target(), ALARM, native(state="suspended")], [native(), alarm("old")])
    assert texts(list(tell_plan(made))) == [
        "aws: account 123456789012",
        "churn",
        "+ scalable target: 1–4 instances; apply",
        "+ alarm keep high: Invocations > 700 in 2 of 3 × 60 s",
        "‖ native scaling of endpoint/churn/variant/a",
        "scale_in: active → suspended",
        "scale_out: active → suspended",
        "- alarm old",
        "Plan: 2 to create, 1 to delete, 1 to suspend.",
    ]


def test_an_expression_and_an_unknown_sign_are_shown_too() -> None:
    """Another cloud's alarm has other words; nothing of it is lost in --json."""
    odd = part(Kind.ALARM, "flyball/churn/keep/high", Threshold="1")
    lines = texts(list(tell_plan(plan([odd], []))))
    assert "+ alarm keep high: a metric expression ? 1 in 1 of 1 periods" in lines


def test_nothing_to_do_is_said_as_such() -> None:
    """One line, for each purpose."""
    assert sum_up(plan([alarm("a")], [alarm("a")])) == "Nothing to change: 1 part is as wanted."
    gone = plan([], [], purpose=Purpose.DESTROY)
    assert sum_up(gone) == "Nothing to remove."
    assert count_verbs(gone) == {}


def test_what_forbids_it_is_counted_and_has_its_remedy() -> None:
    """Each check's remedy is below it, also an ok's: it says how to get what one has not."""
    fail = Check("capacity", Level.FAIL, "it would jump", "raise it", "churn")
    fine = Check("", Level.OK, "kept: b", "--prune removes them")
    made = plan([alarm("a")], [], checks=(fail, fine))
    said = texts(list(tell_plan(made)))
    assert "fail churn: capacity: it would jump" in said
    assert "→ raise it" in said
    assert "ok kept: b" in said
    assert said[said.index("ok kept: b") + 1] == "→ --prune removes them"
    assert said[-1] == "Plan: 1 to create. It cannot be applied: 1 problem."


def test_a_policy_to_paste_is_shown_whole() -> None:
    """The longest that IAM takes."""
    policy = "x" * 7_000
    shown = list(tell_check(Check("permissions", Level.FAIL, "missing", policy)))
    assert shown[-1].text == f"→ {policy}"


def test_a_fleet_that_is_fine_fills_no_page() -> None:
    """A thousand lines of ok hide the one that is not."""
    fine = [Check("native scaling", Level.OK, "active", "", f"t{n}") for n in range(1_000)]
    warn = Check("native scaling", Level.WARN, "active", "", "odd")
    lines = texts(list(tell_plan(plan([], [], checks=(*fine, warn)))))
    assert [line for line in lines if line.startswith(("ok", "warn"))] == [
        "ok t0: native scaling: active",
        "ok t1: native scaling: active",
        "ok t2: native scaling: active",
        "warn odd: native scaling: active",
        "ok native scaling: 997 more like that",
    ]


def test_the_bill_says_what_it_becomes_and_by_how_much() -> None:
    """More, less or the same, a month."""
    made = plan([alarm("a")], [])
    for before, after, words in (
        (0.1, 0.3, "Alarms: 3, $0.30 a month at list price (+$0.20)."),
        (0.3, 0.1, "Alarms: 3, $0.10 a month at list price (−$0.20)."),
        (0.3, 0.3, "Alarms: 3, $0.30 a month at list price."),
    ):
        lines = texts(list(tell_plan(made._replace(cost=Cost(3, before, after)))))
        assert lines[-1] == words


def test_each_alarm_that_is_made_has_its_price() -> None:
    """So that the dearest one is seen before it is made."""
    made = plan([ALARM], [], cost=Cost(1, 0.0, 0.3, {ALARM.name: 0.3}))
    words = "+ alarm keep high: Invocations > 700 in 2 of 3 × 60 s; $0.30 a month"
    assert words in texts(list(tell_plan(made)))


def test_a_job_stands_under_the_deployment_with_its_price() -> None:
    """It is no scalable target's; what is free of it is said where it is paid for."""
    fields = {"schedule": "* * * * *", "time_zone": "Etc/UTC", "uri": "https://tick.test"}
    job = Part(Kind.JOB, "flyball-tick", "", "gcp", {**fields, "service_account": "me@acme.test"})
    cost = Cost(1, 0.1, 0.2, {"flyball-tick": 0.1}, 1, ("three jobs of an account are free",))
    assert texts(list(tell_plan(plan([alarm("a"), job], [], cost=cost)))) == [
        "aws: account 123456789012",
        "churn",
        "+ alarm a: a metric expression ? 1 in 1 of 1 periods",
        "gcp: the deployment",
        (
            "+ job flyball-tick: * * * * * Etc/UTC: calls https://tick.test as me@acme.test; "
            "$0.10 a month"
        ),
        "Plan: 2 to create.",
        (
            "Cost: 1 alarm and 1 job, $0.20 a month at list price (+$0.10); three jobs of an "
            "account are free."
        ),
    ]
    paused = job._replace(fields={**job.fields, "state": "PAUSED"})
    lines = texts(list(tell_plan(plan([job], [paused]))))
    assert lines[1:4] == ["gcp: the deployment", "~ job flyball-tick", "state: PAUSED → none"]
    assert tell_done(plan([], [job]).changes[0]) == "deleted job flyball-tick"


def test_a_machine_without_a_cloud_is_named() -> None:
    """Its ledger is all there is."""
    made = plan([], [], place={"local": {}})
    assert next(tell_plan(made)).text == "local: the ledger on this machine"


def test_what_was_done_is_said_in_one_line() -> None:
    """For a log, where no progress bar is."""
    done = [tell_done(each) for each in plan([native(state="suspended")], [native()]).changes]
    assert done == ["suspended native scaling endpoint/churn/variant/a"]


def test_nothing_foreign_steers_a_terminal() -> None:
    """A name with an escape sequence in it looks odd, and does nothing."""
    name = "evil\x1b[2J"
    lines = [*tell_plan(plan([target(name)], []))]
    lines += tell_check(Check("x", Level.WARN, "\x1b[31m", "\x07", name))
    assert not any("\x1b" in line.text or "\x07" in line.text for line in lines)
    assert [change.verb for change in plan([target(name)], []).changes] == [Verb.CREATE]


def test_what_is_not_here_may_be_meant_elsewhere() -> None:
    """On the wrong stage nothing is removed, and that is no success."""
    one = Wanted("churn", "{}", "hash")
    gone = plan([], [], purpose=Purpose.DESTROY)
    assert sum_up(gone) == "Nothing to remove."
    said = sum_up(gone._replace(wanted=(one,)))
    assert said.endswith(" Scalable target churn of flyball.yaml is not registered here.")
    said = sum_up(gone._replace(wanted=(one, one)))
    assert said.endswith(" None of the 2 scalable targets of flyball.yaml is registered here.")


RANGE_STAYS = (
    "The range on Google Cloud stays as it was set last, and the service goes on picking inside it."
)
NO_TAKE_OVER = (
    "--take-over has no effect on Google Cloud: its autoscaler cannot be suspended, and picks "
    "inside Flyball's range."
)


@pytest.mark.parametrize(("home", "is_said"), [("aws", False), ("gcp", True), ("local", False)])
def test_the_range_that_is_left_behind_is_said_to_stay(
    home: str,
    is_said: bool,
) -> None:
    """The service still picks inside it."""
    gone = plan([], [target()._replace(home=home)], purpose=Purpose.DESTROY)
    assert (RANGE_STAYS in texts(list(tell_plan(gone)))) is is_said


@pytest.mark.parametrize(
    ("home", "takes", "is_said"), [("gcp", True, True), ("gcp", False, False), ("aws", True, False)]
)
def test_a_take_over_on_google_is_said_to_do_nothing(
    home: str,
    takes: bool,
    is_said: bool,
) -> None:
    """Whoever types it expects something."""
    made = plan([target()], [], choices=Choices(take_over=takes), place={home: {}})
    assert (NO_TAKE_OVER in texts(list(tell_plan(made)))) is is_said
