"""Is only that set in a config of people which was changed?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball import config
from flyball.sizing.gauges import WrittenError
from flyball.sizing.inplace import State, set_in_place
from flyball.sizing.settings import Kind, Settings, derive_settings
from flyball.sizing.written import write_config
from tests.unit.sizing.sized import ENDPOINT, POOL, VARIANT, publish

SIZING = publish()
USUAL = derive_settings(SIZING)
PLACE = Path("f.yaml")
OWN = """\
    windows:
      - name: mornings
        days: [mon-fri]
        from: "07:00"
        to: "10:00"
        floor: 3
"""


def write(settings: Settings = USUAL, home: str = "aws", address: Any = None) -> str:
    """Write a config of these settings, and let people add to it."""
    text = write_config(SIZING, "churn", home, address or VARIANT, settings)
    text = text.replace("min_capacity: 1\n", "min_capacity: 1  # mine\n    tick: 30s\n")
    return f"# Ours.\n{text}{OWN}"


def set_all(text: str, after: Settings, before: Settings = USUAL) -> str:
    """Set what was changed."""
    return set_in_place(text, PLACE, "churn", State(SIZING, before), State(SIZING, after))


def test_bounds_are_set_where_they_stand() -> None:
    """Below a comment that says why; not a byte else is touched."""
    text = write()
    made = set_all(text, USUAL.change("so it is", min_capacity=3, max_capacity=9))
    assert made == text.replace(
        "    min_capacity: 1  #", "    # Then: so it is.\n    min_capacity: 3  #"
    ).replace("    max_capacity: 8\n", "    # Then: so it is.\n    max_capacity: 9\n")
    again = set_all(
        made,
        USUAL.change("now that", min_capacity=4),
        replace(USUAL, min_capacity=3, max_capacity=9),
    )
    assert again == made.replace(
        "# Then: so it is.\n    min_capacity: 3", "# Then: now that.\n    min_capacity: 4"
    ).replace("max_capacity: 9", "max_capacity: 8")


def test_a_target_is_lowered_with_what_follows_it() -> None:
    """The targets of both, their names that tell them, and the steps beyond."""
    after = USUAL.change("so it is", invocations=4_000.0)
    made = set_all(write(), after)
    (found,) = config.loads(made).scalable_targets
    (fresh,) = config.loads(write(after)).scalable_targets
    assert found == fresh
    assert made.count("# Then: so it is.") == 1
    assert "# Then: so it is.\n        target_value: 4000\n" in made
    (google,) = config.loads(set_all(write(home="gcp", address=ENDPOINT), after)).scalable_targets
    assert [each.name for each in google.policies][:2] == ["calls-at-4000", "cpu-at-40"]


def test_cooldowns_and_steps_are_set() -> None:
    """In the flow of a line as well as in a list."""
    rises = tuple(each._replace(add=each.add + 2) for each in USUAL.rises)
    waits = USUAL.cooldowns._replace(scale_out=timedelta(seconds=5))
    after = USUAL.change("so it is", cooldowns=waits, rises=rises)
    made = set_all(write(), after)
    (found,) = config.loads(made).scalable_targets
    (fresh,) = config.loads(write(after)).scalable_targets
    assert found == fresh
    assert "# Then: so it is.\n        steps:\n" in made


def test_what_people_made_stricter_stays() -> None:
    """A lower target, a wider step, steps of bounds of their own, and names of their own."""
    text = write().replace("target_value: 100", "target_value: 60").replace("add: 1}", "add: 9}")
    text = text.replace("name: calls\n", "name: hits\n").replace(
        "metric: calls\n", "metric: hits\n"
    )
    text = text.replace("threshold: 100", "threshold: 70").replace("calls-at-5000", "held")
    rises = tuple(each._replace(add=each.add + 2) for each in USUAL.rises)
    made = set_all(text, USUAL.change("so it is", invocations=4_000.0, rises=rises))
    (found,) = config.loads(made).scalable_targets
    held, used, surge = found.policies
    assert (held.name, getattr(held, "metric", ""), getattr(held, "target_value", 0)) == (
        "held",
        "hits",
        4_000.0,
    )
    assert (used.name, getattr(used, "target_value", 0)) == ("cpu-at-100", 60.0)
    assert getattr(surge, "threshold", 0) == 70.0
    assert [each.adjustment for each in getattr(surge, "steps", ())] == [9, 5, 6]


def test_an_adaptive_policy_learns_what_one_carries() -> None:
    """And so does the metric that says where an instance is full."""
    before = replace(USUAL, kind=Kind.ADAPTIVE)
    weaker = publish(
        replace(
            SIZING.benchmark,
            steps=tuple(
                replace(each, answered=each.answered / 2, offered=each.offered / 2)
                for each in SIZING.benchmark.steps
            ),
        )
    )
    text = write(before)
    after = before.change("so it is", invocations=2_500.0)
    made = set_in_place(text, PLACE, "churn", State(SIZING, before), State(weaker, after))
    assert made == text.replace("full: 10000", "full: 5000").replace(
        "capacity_per_instance: 10000",
        "# Then: so it is.\n        capacity_per_instance: 5000",
    )
    tracked = write().partition("    policies:\n")[0] + OWN
    with pytest.raises(WrittenError, match="capacity_per_instance 5000"):
        set_in_place(tracked, PLACE, "churn", State(SIZING, before), State(weaker, after))


def test_what_a_home_does_not_show_need_not_be_set() -> None:
    """Of a pool no calls are counted, and its use is the same where each carries less."""
    weaker = publish(
        replace(
            SIZING.benchmark,
            steps=tuple(
                replace(each, answered=each.answered / 2, offered=each.offered / 2)
                for each in SIZING.benchmark.steps
            ),
        )
    )
    text = write(home="gcp", address=POOL)
    after = USUAL.change("so it is", invocations=2_500.0, max_capacity=16)
    made = set_in_place(text, PLACE, "churn", State(SIZING, USUAL), State(weaker, after))
    (found,) = config.loads(made).scalable_targets
    assert found.max_capacity == 16
    assert found.policies[0] == config.loads(text).scalable_targets[0].policies[0]


def test_other_targets_stay() -> None:
    """And the lines of files from elsewhere."""
    text = write()
    other = text.partition("scalable_targets:\n")[2].replace("id: churn", "id: other")
    text = f"{text}\n{other.replace('endpoint: churn', 'endpoint: other')}".replace("\n", "\r\n")
    made = set_all(text, USUAL.change("so it is", min_capacity=2))
    assert made == text.replace(
        "    min_capacity: 1 ", "    # Then: so it is.\r\n    min_capacity: 2 ", 1
    )


def test_json_gets_no_comment() -> None:
    """It has none."""
    text = (
        '{"version": 1, "scalable_targets": [{"id": "churn", "home": "aws", "resource": '
        '{"endpoint": "churn", "variant": "AllTraffic"}, "min_capacity": 1, "max_capacity": 8}]}'
    )
    made = set_all(text, USUAL.change("so it is", min_capacity=2))
    assert made == text.replace('"min_capacity": 1', '"min_capacity": 2')


@dataclass(frozen=True)
class Case:
    """A change that has no place, and what is said of it."""

    id: str
    text: str
    changes: dict[str, Any]
    says: str


BARE = write().partition("    policies:\n")[0] + OWN
CASES = [
    Case("no target", BARE, {"invocations": 4_000.0}, "InvocationsPerInstance 4,000"),
    Case(
        "no steps",
        BARE,
        {"rises": tuple(each._replace(add=each.add + 1) for each in USUAL.rises)},
        "steps +2/+4/+5",
    ),
    Case(
        "no cooldown",
        BARE,
        {"cooldowns": USUAL.cooldowns._replace(scale_out=timedelta(seconds=5))},
        "cooldown of scale-out 5s",
    ),
    Case(
        "a bound that people set",
        write().replace("    tick: 30s\n", "    hard_max_capacity: 8\n"),
        {"max_capacity": 9},
        "hard_max_capacity",
    ),
    Case(
        "shared",
        "x-most: &most 8\n" + write().replace("max_capacity: 8", "max_capacity: *most"),
        {"max_capacity": 9},
        "is shared, by an alias",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_change_without_a_place_is_refused(case: Case) -> None:
    """With what is to be set by hand."""
    with pytest.raises(WrittenError, match=case.says.replace("+", r"\+")):
        set_all(case.text, USUAL.change("so it is", **case.changes))
