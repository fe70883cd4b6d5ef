"""Does a plan look right on a terminal, and is nothing done without a yes?"""

from __future__ import annotations

import io

import pytest

from flyball.cli import screen
from flyball.cli.execution import carry_out_shown, show, write_options
from flyball.cli.failure import CommandError
from flyball.plan.model import Check, Choices, Level, Plan, Purpose
from flyball.ports import Ledger
from flyball.wiring.deploy import Store
from tests.unit.plan.parts import alarm, plan, target


class Terminal(io.StringIO):
    """Somebody who types, or watches."""

    def isatty(self) -> bool:
        """Say that somebody is there."""
        return True


@pytest.fixture
def made() -> Plan:
    """Plan a target and its alarm."""
    check = Check("capacity", Level.WARN, "it will scale out", "look first", "churn")
    return plan([target(), alarm("a")], [], checks=(check,))


def test_on_a_terminal_signs_and_levels_have_colours_and_lines_wrap(
    made: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is cut, however narrow it is."""
    monkeypatch.setattr(screen, "is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm-256color")
    show(made)
    said = capsys.readouterr().out
    assert "\x1b[32m+\x1b[0m scalable target: 1–4" in said
    assert "\x1b[33mwarn\x1b[0m" in said
    assert "instances" in said


@pytest.mark.parametrize("purpose", Purpose)
def test_without_a_yes_nothing_is_done(
    made: Plan,
    purpose: Purpose,
    ledger_alone: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The default is no."""
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    stores = {"aws": Store(ledger_alone)}
    asked = made._replace(purpose=purpose)
    with pytest.raises(CommandError, match="nothing was changed"):
        carry_out_shown(asked, stores, asks=True, json=False)
    word = "Remove these" if purpose is Purpose.DESTROY else "Make these changes"
    assert f"{word}? [y/N]" in capsys.readouterr().out
    assert ledger_alone.scalable_target_ids() == []


@pytest.fixture
def ledger_alone() -> Ledger:
    """Open an empty ledger."""
    from flyball.adapters.local.memory import MemoryLedger

    return MemoryLedger()


def test_with_a_yes_it_is_done_and_a_terminal_gets_a_bar_and_no_log(
    ledger_alone: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An alarm needs no cloud here: the ledger alone stands for the home."""
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    stores = {"aws": Store(ledger_alone)}
    carry_out_shown(plan([alarm("a")], []), stores, asks=True, json=False)
    said = capsys.readouterr()
    assert "Done: 1 change made." in said.out
    assert said.err == "flyball: created alarm flyball/churn/a\n"


def test_what_was_chosen_is_written_as_options_that_choose_it_again() -> None:
    """Each choice by its option, targets by their names, and the place where it is."""
    choices = Choices(
        prune=True, targets=("a b", "c"), take_over=True, hand_back=False, allow_scale_in=True
    )
    place = {"aws": {"account": "1", "region": "eu-central-1", "stack": "flyball"}, "local": {}}
    assert write_options(Choices(), {"local": {}}) == ""
    said = write_options(choices, place).split(" --")
    assert sorted(said) == sorted(
        [
            "--prune",
            "target 'a b'",
            "target c",
            "take-over",
            "no-hand-back",
            "allow-scale-in",
            "stack flyball",
            "region eu-central-1",
        ]
    )


class Watched(io.StringIO):
    """A pipe that notes when what was written is handed on."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_on = ""

    def flush(self) -> None:
        """Hand on."""
        self.handed_on = self.getvalue()


def test_what_is_about_to_be_done_is_handed_on_before_it_is(
    ledger_alone: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads a log of a program that hangs, or was killed, sees the plan."""
    pipe = Watched()
    monkeypatch.setattr("sys.stdout", pipe)
    stores = {"aws": Store(ledger_alone)}
    made = plan([alarm("a")], [])
    broken = made._replace(changes=(made.changes[0]._replace(home="nowhere"),))
    with pytest.raises(KeyError):
        carry_out_shown(broken, stores, asks=False, json=False)
    assert "Plan: 1 to create." in pipe.handed_on


def test_a_plan_that_breaks_off_says_which_command_makes_the_rest(
    ledger_alone: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a saved plan it is not the command that planned it."""
    made = plan([alarm("a")], [])
    broken = made._replace(changes=(*made.changes, made.changes[0]._replace(home="nowhere")))
    with pytest.raises(KeyError):
        carry_out_shown(
            broken, {"aws": Store(ledger_alone)}, asks=False, json=False, again="`apply p.json`"
        )
    assert "1 of 2 changes made; `apply p.json` makes the rest" in capsys.readouterr().err
