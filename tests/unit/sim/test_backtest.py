"""Does a backtest score ours and its peers alike, and the same each time?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.sim.backtest import OURS, Backtest, Subject, backtest, timeline
from flyball.sim.lead import parse_leads
from flyball.sim.meaning import MeaningError
from flyball.sim.peers import make
from flyball.sim.slots import Plant, score, score_days
from tests.unit.sim.courses import MINUTE, MONDAY, make_course, make_target

PEERS = make("aws,hpa,static,optimum")


def run(minutes: int = 600, warm_up: int | None = None) -> Backtest:
    """Run one."""
    subject = Subject(make_target(), make_course(minutes), Plant(max_capacity=60), warm_up)
    return backtest(subject, PEERS)


def test_everybody_is_scored_by_the_rules() -> None:
    """By the whole run without its warm-up, and day by day; money is hours at the price."""
    found = run(4 * 1_440)
    assert [each.name for each in found.contenders] == [OURS, "aws", "hpa", "static", "optimum"]
    for each in found.contenders:
        assert each.marks == score(each.run)
        assert each.days == score_days(each.run)
        assert each.cost == 2.0 * each.marks.instance_hours
    assert found.subject.begin == 1_440
    assert len(found.ours.days) == 3
    best = found.contenders[-1].marks
    assert best.clairvoyant_ratio <= 1.0 < found.ours.marks.clairvoyant_ratio < 2.0


@pytest.mark.parametrize(("warm_up", "slots"), [(None, 540), (0, 600), (100, 500), (9_999, 0)])
def test_a_warm_up_is_what_is_asked_for(warm_up: int | None, slots: int) -> None:
    """Without one, what suits the length."""
    found = run(warm_up=warm_up)
    assert [each.marks.slots for each in found.contenders] == [slots] * 5
    assert sum(day.marks.slots for day in found.ours.days) == slots


@pytest.mark.parametrize("lead", ["4m", "2m..8m", "p50=3m,p95=9m"])
def test_the_same_seed_gives_the_same_result(lead: str) -> None:
    """To the bit; another seed draws other lead times, if there is anything to draw."""
    course = make_course()

    def once(seed: int) -> Backtest:
        plant = Plant(parse_leads(lead), max_capacity=60, seed=seed)
        return backtest(Subject(make_target(), course, plant), PEERS[:1])

    assert once(1) == once(1)
    assert (once(1).ours.run.slots == once(2).ours.run.slots) is (lead == "4m")


def test_the_timeline_tells_each_slot() -> None:
    """What is desired at a slot's end is billed in the next one."""
    found = run()
    moments = list(timeline(found))
    assert len(moments) == 600
    assert moments[0].at == MONDAY
    assert [each.billed for each in moments[1:]] == [each.desired for each in moments[:-1]]
    assert sum(each.decision is not None for each in moments) == len(found.changes) > 5
    assert sum(each.reason is not None for each in moments) <= found.looks
    assert all(each.reason is not None for each in moments if each.decision is not None)


def test_the_last_order_is_told_though_nothing_comes_of_it() -> None:
    """It would count from the slot after the last one."""
    course = make_course(80)
    jump = replace(course, demand=(500.0,) * 60 + (5_000.0,) * 3)
    found = backtest(Subject(make_target(), jump, Plant(max_capacity=60)))
    assert [slot for slot, _ in found.changes][-1] == 62
    last = list(timeline(found))[-1]
    assert last.desired > last.billed


def test_how_far_it_is_adds_up() -> None:
    """Each contender's slots, in steps."""
    told: list[int] = []
    subject = Subject(make_target(), make_course(), Plant(max_capacity=60))
    backtest(subject, PEERS, advance=told.append)
    assert sum(told) == 5 * 600
    assert max(told) <= 256


def test_notes_say_what_is_not_as_in_the_config() -> None:
    """The user's own first."""
    target = make_target()
    metric = replace(target.metrics[0], period=timedelta(seconds=10))
    subject = Subject(
        replace(target, metrics=(metric,)), make_course(), Plant(), notes=("by hand",)
    )
    assert backtest(subject).notes == (
        "by hand",
        "datapoints of calls are of whole slots of 60 s",
    )


def test_a_metric_without_a_meaning_stops_it() -> None:
    """Unless the user says what it measures."""
    target = make_target()
    metric = replace(target.metrics[0], source={"metric": "ModelLatency"})
    subject = Subject(replace(target, metrics=(metric,)), make_course(), Plant())
    with pytest.raises(MeaningError, match="ModelLatency|calls"):
        backtest(subject)
    said = replace(subject, said={"calls": "requests"})
    assert backtest(said).ours.run == backtest(replace(subject, scalable_target=target)).ours.run


def test_a_day_begins_at_midnight_utc() -> None:
    """Also where the course begins at another time, or within a slot."""
    course = make_course(2_000)
    late = replace(course, start=MONDAY + 1_000 * MINUTE + timedelta(seconds=30))
    found = backtest(Subject(make_target(), late, Plant(max_capacity=60), 0))
    assert [(f"{day.day:%d}", day.marks.slots) for day in found.ours.days] == [
        ("02", 440),
        ("03", 1_440),
        ("04", 120),
    ]
