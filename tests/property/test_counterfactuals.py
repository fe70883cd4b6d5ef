"""Is each counterfactual true that is printed: does deciding again give what it says?"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from hypothesis import event, given, settings

from flyball.core.decide import decide
from flyball.core.model import Action, CapacityRange, Decision, History, LimitKind
from flyball.core.target import ScalableTarget
from flyball.report.answer import tell_turn, tell_without
from flyball.report.explain import explain_inputs
from flyball.report.turns import Input
from tests.property.worlds import WORLDS, World

RESULT = re.compile(
    r"it would (?:have been|be) (?P<held>held at )?(?P<floor>[\d,]+)(?:–(?P<ceiling>[\d,]+))?"
    r"(?:, (?P<doing>held|sent|deferred|not sent))?(?: \(.*\))?$"
)
CHANGED = re.compile(r"^If (?P<what>.+) had been (?P<after>[\d,]+) instead of")
ACTIONS = {
    "held": Action.HOLD,
    "sent": Action.SET,
    "deferred": Action.DEFER,
    "not sent": Action.BLOCK,
}


class Said(NamedTuple):
    """What a sentence says that it would have been; None: what is done is not said."""

    floor: int
    ceiling: int
    action: Action | None


def read(sentence: str) -> Said:
    """Read the numbers as a person does."""
    found = RESULT.search(sentence)
    assert found is not None, sentence
    floor = _number(found["floor"])
    ceiling = floor if found["ceiling"] is None else _number(found["ceiling"])
    action = Action.HOLD if found["held"] else None
    return Said(floor, ceiling, ACTIONS[found["doing"]] if found["doing"] else action)


def expect(sentence: str, again: Decision, decision: Decision) -> None:
    """Expect what deciding again gave, and not what was decided in the first place."""
    said = read(sentence)
    assert said[:2] == again.range, sentence
    if said.action is not None:
        assert again.action is said.action, sentence
    else:
        assert again.action in (decision.action, Action.SET), sentence
        assert said[:2] != decision.range, f"{sentence} is what was decided"


def vary(world: World, sentence: str) -> World | None:
    """Change what the sentence says was changed; None: it is not about a bound of the config."""
    found = CHANGED.match(sentence)
    names = {
        "min capacity": "min_capacity",
        "max capacity": "max_capacity",
        "the hard minimum": "hard_min_capacity",
        "the hard maximum": "hard_max_capacity",
    }
    if found is None or found["what"] not in names:
        return None
    name, after = names[found["what"]], _number(found["after"])
    target, history = world.target, world.history
    configured = CapacityRange(target.min_capacity, target.max_capacity)
    if history.bounds is not None and name.startswith("m") and history.bounds_over == configured:
        edge = {"min_capacity": "floor", "max_capacity": "ceiling"}[name]
        return replace(world, history=_move(history, edge, after))
    fields = {name: after}
    if "and the hard maximum with it" in sentence and target.hard_max_capacity is not None:
        fields["hard_max_capacity"] = after
    return replace(world, target=_change(target, fields))


def _move(history: History, edge: str, after: int) -> History:
    assert history.bounds is not None
    return replace(history, bounds=history.bounds._replace(**{edge: after}))


def _change(target: ScalableTarget, fields: dict[str, int]) -> ScalableTarget:
    return replace(target, **fields)  # type: ignore[arg-type]


def _number(text: str) -> int:
    return int(text.replace(",", ""))


@settings(max_examples=150, deadline=None)
@given(world=WORLDS)
def test_each_printed_counterfactual_is_what_is_decided(world: World) -> None:
    """Of each bound that moved, and without each limit; none says what was decided anyway."""
    decision = decide(world.target, world.observation, world.history, world.now)
    found = explain_inputs(world.target, world.observation, world.history, decision)
    for each in found.without:
        sentence = tell_without(each, decision, world.target)
        without = frozenset({each.kind})
        again = decide(world.target, world.observation, world.history, world.now, without)
        if "it would have been the same" in sentence:
            assert (again.action, again.range) == (decision.action, decision.range), sentence
        else:
            expect(sentence, again, decision)
    for turn in found.turns:
        sentence = tell_turn(turn, decision, world.target)
        other = vary(world, sentence)
        if other is None:
            said = read(sentence)
            assert said != (*decision.range, None), f"{sentence} is what was decided"
            continue
        event(turn.input.value)
        again = decide(other.target, other.observation, other.history, other.now)
        expect(sentence, again, decision)


@settings(max_examples=150, deadline=None)
@given(world=WORLDS)
def test_what_is_the_same_without_a_bound_names_what_else_holds_it(world: World) -> None:
    """Or the next line, by which another bound would have changed it, contradicts it."""
    decision = decide(world.target, world.observation, world.history, world.now)
    found = explain_inputs(world.target, world.observation, world.history, decision)
    for each in found.without:
        if each.kind is not LimitKind.BOUNDS or each.changed:
            continue
        for turn in found.turns:
            if turn.input is Input.MAX_CAPACITY and turn.desired > decision.desired:
                assert tell_without(each, decision, world.target).endswith(")")
