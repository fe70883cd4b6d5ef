"""Is a config that was in force read back, and kept where nothing of it changes?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball import config
from flyball.core.target import ScalableTarget
from flyball.sizing.inforce import read_settings, write_note
from flyball.sizing.settings import Cooldowns, Kind, Settings, derive_settings
from flyball.sizing.written import write_config
from tests.unit.sizing.sized import ENDPOINT, POOL, VARIANT, publish

SIZING = publish()
USUAL = derive_settings(SIZING)
LOCAL = {"endpoint": "model"}
HOMES = [("local", LOCAL), ("aws", VARIANT), ("gcp", ENDPOINT)]


def compile_target(text: str) -> ScalableTarget:
    """Read the one scalable target of a config."""
    (target,) = config.loads(text).scalable_targets
    return target


def write(settings: Settings, home: str = "aws", address: Any = None) -> str:
    """Write a config of these settings."""
    return write_config(SIZING, "churn", home, address or VARIANT, settings, note="Simulated: so.")


@pytest.mark.parametrize(("home", "address"), HOMES)
def test_what_was_written_is_read_again(home: str, address: dict[str, str]) -> None:
    """The same values, of which none differs from what the method says."""
    found = read_settings(compile_target(write(USUAL, home, address)), SIZING, USUAL, "f.yaml")
    assert found == USUAL


def test_what_differs_says_where_it_is_from() -> None:
    """Bounds, target, cooldowns and steps."""
    rises = tuple(each._replace(add=each.add + 1) for each in USUAL.rises)
    changed = replace(
        USUAL,
        min_capacity=2,
        max_capacity=9,
        invocations=4_000.0,
        cooldowns=Cooldowns(timedelta(seconds=5), timedelta(seconds=60)),
        rises=rises,
    )
    found = read_settings(compile_target(write(changed)), SIZING, USUAL, "f.yaml")
    assert replace(found, why={}) == changed
    names = {"min_capacity", "max_capacity", "invocations", "cooldowns", "rises"}
    assert found.why == dict.fromkeys(names, "as f.yaml had it")


def test_a_target_of_use_says_how_many_invocations_that_are() -> None:
    """Where the home counts none of this resource."""
    changed = replace(USUAL, invocations=4_000.0)
    found = read_settings(compile_target(write(changed, "gcp", POOL)), SIZING, USUAL, "f.yaml")
    assert found.invocations == pytest.approx(4_000.0, rel=0.01)


def test_other_policies_leave_what_they_do_not_tell() -> None:
    """An adaptive one has no target; steps of another number are of another kind."""
    text = write(replace(USUAL, kind=Kind.ADAPTIVE, max_capacity=5))
    found = read_settings(compile_target(text), SIZING, USUAL, "f.yaml")
    assert (found.kind, found.max_capacity, found.invocations) == (Kind.ADAPTIVE, 5, 5_000.0)
    assert found.rises == USUAL.rises
    steps = write(replace(USUAL, kind=Kind.STEPS))
    climbed = read_settings(compile_target(steps), SIZING, USUAL, "f.yaml")
    assert climbed.rises == USUAL.rises
    exact = write(USUAL)
    for added in (1, 3, 4):
        exact = exact.replace(f"add: {added}}}", f"set: {added + 1}}}")
    assert read_settings(compile_target(exact), SIZING, USUAL, "f.yaml").rises == USUAL.rises
    odd = compile_target(write(replace(USUAL, rises=USUAL.rises[2:])))
    assert read_settings(odd, SIZING, USUAL, "f.yaml").rises == USUAL.rises


def test_a_note_is_at_the_top_once() -> None:
    """Before what was simulated, which stays."""
    text = write(USUAL)
    once = write_note(text, "Measured on the endpoint: it breaks, " + "and so on, " * 20 + "so.")
    twice = write_note(once, "Measured on the endpoint: it holds.")
    assert compile_target(twice) == compile_target(text)
    assert twice.count("Measured on the endpoint") == 1
    assert "and so on" not in twice
    assert "# Measured on the endpoint: it holds.\n# Simulated: so.\nversion: 1\n" in twice
    bare = write_note("version: 1\n", "Measured on the endpoint: it holds.")
    assert bare == "# Measured on the endpoint: it holds.\nversion: 1\n"
    noted = write_note("# Mine.\nversion: 1\n", "Measured on the endpoint: it holds.")
    assert noted == "# Mine.\n# Measured on the endpoint: it holds.\nversion: 1\n"
    other = write_note(noted, "Measured on the endpoint: it breaks.")
    assert other == "# Mine.\n# Measured on the endpoint: it breaks.\nversion: 1\n"


def test_both_notes_are_put_and_what_follows_them_stays() -> None:
    """A comment of people may come right after one; JSON has none."""
    notes = "Measured on the endpoint: it breaks, " + "and so on, " * 20 + "so.\nSimulated: not."
    once = write_note("version: 1\r\n", notes)
    assert once.endswith("so.\r\n# Simulated: not.\r\nversion: 1\r\n")
    mine = once.replace("# Simulated: not.\r\n", "# Mine.\r\n# Simulated: not.\r\n# Too.\r\n")
    twice = write_note(mine, "Measured on the endpoint: it holds.\nSimulated: so.")
    assert twice == (
        "# Measured on the endpoint: it holds.\r\n# Mine.\r\n# Simulated: so.\r\n# Too.\r\n"
        "version: 1\r\n"
    )
    assert write_note('{"version": 1}', "Measured on the endpoint: it holds.") == '{"version": 1}'


def test_a_metric_may_have_a_name_of_its_own() -> None:
    """It is known by what it measures."""
    text = write(replace(USUAL, invocations=4_000.0))
    text = text.replace("name: calls\n", "name: hits\n").replace(
        "metric: calls\n", "metric: hits\n"
    )
    found = read_settings(compile_target(text), SIZING, USUAL, "f.yaml")
    assert found.invocations == 4_000.0
