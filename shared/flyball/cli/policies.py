"""Which flyball.yaml comes of a load test, does it hold, and where is it put?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copymode
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import FOUND, CommandError, refuse
from flyball.cli.pairs import read_single

if TYPE_CHECKING:
    from flyball.cli.sized import Found
    from flyball.cli.wishes import Wanted
    from flyball.report.measured import Tested
    from flyball.sizing.evaluate import Evaluation
    from flyball.sizing.habit import Habit, Habits
    from flyball.sizing.plan import Sizing
    from flyball.sizing.settings import Settings

HOMES = ("local", "aws", "gcp")
NAME, UTC = "model", "UTC"


class Named(NamedTuple):
    """What the options say of what is scaled, each as it was typed; None: not given.

    Attributes:
        home: Of HOMES.
        address: KEY=VALUE, of the resource.
        name: The scalable target's id.
        endpoint: SageMaker's.
        variant: Of that.
    """

    home: str | None
    address: Sequence[str] | None
    name: str | None
    endpoint: str | None
    variant: str | None

    def find(self) -> Place:
        """Say where it is at home, which resource it is there, and how it is called.

        Raises:
            CommandError: It is not said which resource it is.
        """
        both = self.endpoint is not None and self.variant is not None
        home = self.home or ("aws" if both else "local")
        address = read_single("--address", self.address)
        if home == "local":
            address = address or {"endpoint": self.endpoint or NAME}
        elif home == "aws" and not address:
            if self.endpoint is None or self.variant is None:
                refuse("--home aws: give --endpoint and --variant, which are scaled")
            address = {"endpoint": self.endpoint, "variant": self.variant}
        elif not address:
            refuse(
                "--home gcp: say what is scaled, such as --address project=ID --address "
                "location=REGION --address endpoint=ID"
            )
        return Place(self.name or address.get("endpoint", NAME), home, address)


class Place(NamedTuple):
    """What is scaled: its id, its home, and the config's `resource`."""

    name: str
    home: str
    resource: Mapping[str, str]


class Policies(NamedTuple):
    """What the options say of the policies.

    Attributes:
        path: Where they go; None: nowhere.
        evaluates: They are tried.
        quota: Instances that may be had at most; None: as many as it takes.
        named: What they scale.
        adaptive: By an adaptive policy.
        time_zone: Of windows.
    """

    path: Path | None
    evaluates: bool
    quota: int | None
    named: Named
    adaptive: bool
    time_zone: str


class Made(NamedTuple):
    """What became of them.

    Attributes:
        text: The config.
        path: Where it is; None: nowhere.
        evaluation: How they were tried; None: they were not.
        told: What to say besides.
    """

    text: str
    path: Path | None
    evaluation: Evaluation | None
    told: Sequence[str]


def check_policies(
    made: Policies, wanted: Wanted, *, is_measured: bool = False, is_past: bool = False
) -> None:
    """Refuse, before anything runs, what could not be written when it has run.

    Args:
        made: What the options say of the policies.
        wanted: What is wanted.
        is_measured: There is a load test of the whole endpoint, whose policies are known.
        is_past: Endpoint and variant are those whose past is the load test.

    Raises:
        CommandError: The options do not fit together.
    """
    from flyball.core.zone import zone

    named, writes = made.named, made.path is not None or made.evaluates
    if named.home is not None and named.home not in HOMES:
        refuse(f"--home: got {named.home!r}, expected one of {', '.join(HOMES)}")
    if not writes and not is_measured:
        given = {"--address": named.address, "--id": named.name}
        more = {"--adaptive": made.adaptive, "--quota": made.quota}
        own = {} if is_past else {"--endpoint": named.endpoint, "--variant": named.variant}
        for option, value in {**given, **more, **own}.items():
            if value:
                also = "--from, " if option in own else ""
                refuse(f"{option}: only with {also}--write, --evaluate or --measured")
    try:
        zone(made.time_zone)
    except ValueError as error:
        refuse(f"--time-zone: {error}")
    if made.time_zone != UTC and wanted.trace is None:
        refuse("--time-zone: only with --trace, whose days and hours it is of")
    if not writes:
        return
    if wanted.wish is None:
        option = "--evaluate" if made.path is None else "--write"
        refuse(f"{option}: policies need to know how many requests come: give --most, or --trace")
    made.named.find()


def make_policies(
    found: Found, wanted: Wanted, made: Policies, tested: Tested | None = None
) -> Made | None:
    """Make the policies, try them and write them, as far as that is asked for; None: it is not.

    Args:
        found: What one instance carries, of each type.
        wanted: What is wanted.
        made: What the options say of the policies.
        tested: What a load test of the whole endpoint showed; None: there was none.

    Raises:
        CommandError: It is not clear for which instance type, they cannot be written, the server
            failed in its load test, or no number of instances keeps the latency that is wanted.
    """
    from flyball.cli.kept import keep, tell_windows
    from flyball.report.figures import duration
    from flyball.sizing.gauges import WrittenError
    from flyball.sizing.written import write_config

    if made.path is None and not made.evaluates:
        return None
    sizing = choose_sizing(found) if tested is None else tested.mended.sizing
    _check_kept(sizing, "--evaluate" if made.path is None else "--write")
    habits = _find_habits(sizing, wanted, made)
    settings = begin_settings(sizing, made, habits.found)
    target = None if tested is None else tested.target
    place = made.named.find() if target is None else Place(target.id, target.home, target.resource)
    if tested is not None:
        has_windows = target is None or target.windows
        settings = replace(tested.mended.settings, habits=habits.found if has_windows else ())
    evaluation, note = None, "" if tested is None else tested.note
    try:
        if made.evaluates:
            evaluation = _evaluate(sizing, wanted, made, place, settings, note)
            text = evaluation.text
        else:
            text = write_config(sizing, *place, settings, time_zone=made.time_zone, note=note)
    except WrittenError as error:
        refuse(f"{'--write' if made.path else '--evaluate'}: {error}")
    what = sizing.benchmark.machine.instance_type or "the instance"
    done = f"the policies, for {what}"
    told = [f"No windows are written: {habits.note}."] if habits.note else []
    if tested is not None and target is not None:
        text, done = keep(tested, evaluation, made.path)
        told = tell_windows(target, habits)
    if made.path is not None:
        _write(made.path, text)
        told.append(f"{made.path}: {done}.")
    origin = sizing.wish.lead_origin
    if origin:
        lead = duration(sizing.wish.lead_time)
        told.append(f"Lead time {lead}: {origin}; --lead-time says another.")
    return Made(text, made.path, evaluation, told)


def _write(path: Path, text: str) -> None:
    """Write it whole or not at all: what it is written over may be the only one there is."""
    place = path.resolve()
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        if not place.is_file():
            path.write_text(text, encoding="utf-8", newline="")
            return
        part.write_text(text, encoding="utf-8", newline="")
        copymode(place, part)
        part.replace(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        refuse(f"--write: {path}: {error.strerror or error}")


def begin_settings(sizing: Sizing, made: Policies, habits: tuple[Habit, ...] = ()) -> Settings:
    """Say what the method sets, as far as the quota allows it."""
    from flyball.sizing.settings import Kind, derive_settings

    kind = Kind.ADAPTIVE if made.adaptive else Kind.TRACKING
    settings = derive_settings(sizing, habits=habits, kind=kind)
    if made.quota is not None and made.quota < settings.max_capacity:
        why = f"a quota of {made.quota} instances"
        least = min(settings.min_capacity, made.quota)
        settings = settings.change(why, max_capacity=made.quota)
        if least < settings.min_capacity:
            settings = settings.change(why, min_capacity=least)
    return settings


def choose_sizing(found: Found) -> Sizing:
    """Take the cheapest instance type, where there are several.

    Raises:
        CommandError: Which is cheapest is not known.
    """
    sizings = [each.sizing for each in found.each if each.sizing is not None]
    if len(sizings) == 1:
        return sizings[0]
    if found.comparison is None:
        refuse(
            "--write, --evaluate, --measured: there are several instance types: give the --price "
            "of each, so that the cheapest is taken, or only one of them"
        )
    best = found.comparison.options[0].candidate.machine
    return next(each for each in sizings if each.benchmark.machine == best)


def _check_kept(sizing: Sizing, option: str) -> None:
    """Refuse policies of no measure, and for a latency that is passed whatever the load."""
    from flyball.sizing.limit import tell_unkept
    from flyball.sizing.sound import tell_unsound

    unsound = tell_unsound(sizing.benchmark)
    if unsound:
        raise CommandError(f"{option}: {sizing.benchmark.source}: {unsound}", FOUND)
    why = tell_unkept(sizing.benchmark, sizing.wish.objective)
    if why:
        raise CommandError(f"{option}: {why}", FOUND)


def _evaluate(
    sizing: Sizing, wanted: Wanted, made: Policies, place: Place, settings: Settings, note: str
) -> Evaluation:
    """Try them, with each round as it ends."""
    from flyball.cli import screen
    from flyball.sizing.evaluate import MOST, evaluate
    from flyball.sizing.pattern import expect_patterns

    expected = sizing.wish.expectation
    patterns = expect_patterns(expected, history=wanted.trace, time_zone=made.time_zone)
    with screen.progress("Trying the policies", None) as advance:
        return evaluate(
            sizing,
            *place,
            settings=settings,
            patterns=patterns,
            most=made.quota or MOST,
            time_zone=made.time_zone,
            note=note,
            told=lambda _: advance(1),
        )


def _find_habits(sizing: Sizing, wanted: Wanted, made: Policies) -> Habits:
    from flyball.sizing.habit import Habits, find_habits

    if wanted.trace is None or made.adaptive:
        return Habits(())
    return find_habits(
        wanted.trace,
        sizing.limit.invocations.middle,
        sizing.capacity.min_capacity,
        sizing.capacity.max_capacity,
        made.time_zone,
    )
