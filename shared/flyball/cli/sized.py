"""What do load tests come to, on a terminal, as JSON and as a picture?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse
from flyball.cli.wishes import name_options

if TYPE_CHECKING:
    from flyball.cli.benches import Given
    from flyball.cli.policies import Made
    from flyball.cli.wishes import Wanted
    from flyball.report.measured import Tested
    from flyball.report.sizing import Instance
    from flyball.sizing.advice import Advised
    from flyball.sizing.benchmark import Benchmark
    from flyball.sizing.beside import Beside
    from flyball.sizing.machines import Comparison
    from flyball.sizing.plan import Sizing, Wish


NO_GPUS = "it has 0; say how many it has"
"""By what a remedy says, that an option does it."""


class Sized(NamedTuple):
    """What one load test comes to.

    Attributes:
        instance: Of one instance.
        sizing: Of a fleet; None: nobody said how many requests come.
        beside: What queueing says; None likewise, or it says nothing.
        silence: Why it says nothing; "": it does.
    """

    instance: Instance
    sizing: Sizing | None
    beside: Beside | None
    silence: str


class Found(NamedTuple):
    """What all load tests come to.

    Attributes:
        each: Of each instance type, in the order given.
        comparison: By price; None: there is one type, no price of one, or nothing is expected.
        notes: What is odd of all of them.
        advised: What the cloud that load tested would set, of each that it advises on.
    """

    each: Sequence[Sized]
    comparison: Comparison | None
    notes: Sequence[str]
    advised: Sequence[Advised] = ()


def size_all(given: Given, wanted: Wanted) -> Found:
    """Go through the method for each load test, and compare them.

    Raises:
        BenchmarkError: A load test lacks what is asked for.
    """
    from flyball.sizing.advice import ask_advice
    from flyball.sizing.benchmark import BenchmarkError

    try:
        each = [_size(benchmark, wanted) for benchmark in given.benchmarks]
    except BenchmarkError as error:
        hint = ": --gpus N" if NO_GPUS in str(error) else ""
        raise BenchmarkError(f"{error}{hint}") from error
    comparison = None if wanted.wish is None else _compare(each, wanted.wish)
    sizings = [one.sizing for one in each if one.sizing is not None]
    notes = (*given.notes, *wanted.notes)
    if given.advisor is None or not sizings:
        return Found(each, comparison, notes)
    heard = ask_advice(*given.advisor, sizings)
    return Found(each, comparison, (*notes, *heard.notes), heard.advised)


def draw_sized(found: Found, wanted: Wanted, made: Made | None, plot: Path | None) -> None:
    """Draw it, where that is asked for."""
    if plot is None:
        return
    from flyball.report.page.curves import Subject, draw_curves
    from flyball.sizing.saturation import LatencyObjective

    subjects = [
        Subject(each.instance, None if each.sizing is None else each.sizing.capacity, wanted.home)
        for each in found.each
    ]
    expectation = None if wanted.wish is None else wanted.wish.expectation
    objective = wanted.objective if isinstance(wanted.objective, LatencyObjective) else None
    evaluation = None if made is None else made.evaluation
    try:
        draw_curves(subjects, expectation, plot, objective, evaluation)
    except OSError as error:
        refuse(f"--plot: {plot}: {error.strerror or error}")


def say_sized_json(
    found: Found, wanted: Wanted, made: Made | None, tested: Tested | None = None
) -> None:
    """Say all of it as JSON."""
    from flyball.cli import screen
    from flyball.report.advice import describe_advised
    from flyball.report.measured import describe_measured
    from flyball.report.sized import (
        describe_comparison,
        describe_instance,
        describe_wanted,
    )

    wish = wanted.wish
    screen.say_json(
        {
            **describe_wanted(wanted.objective, wish),
            "instances": [
                describe_instance(each.instance, each.sizing, each.beside, wanted.home)
                for each in found.each
            ],
            "comparison": None
            if found.comparison is None
            else describe_comparison(found.comparison),
            "advice": [describe_advised(each) for each in found.advised],
            "notes": list(found.notes),
            "measured": None if tested is None else describe_measured(tested),
            "policies": None if made is None else _describe_made(made),
        }
    )


def say_sized(
    found: Found, wanted: Wanted, made: Made | None, tested: Tested | None = None
) -> None:
    """Say all of it on a terminal or to a pipe."""
    from flyball.cli import screen
    from flyball.report.plain import plain

    whole = len(found.each) == 1
    for each in found.each:
        _say_instance(each.instance, wanted, whole=whole)
    if wanted.wish is None:
        screen.say()
        screen.say_wrapped("How many are needed: --most says how many requests a second come.")
    else:
        _say_fleet(found, wanted.wish)
    if found.advised:
        _say_advice(found.advised)
    for note in found.notes:
        screen.say_wrapped(f"note: {plain(note, 1_000)}")
    if tested is not None:
        _say_tested(tested)
    if made is not None:
        _say_made(made)


def _size(benchmark: Benchmark, wanted: Wanted) -> Sized:
    from flyball.report.sizing import Instance
    from flyball.sizing.benchmark import BenchmarkError
    from flyball.sizing.beside import size_beside
    from flyball.sizing.lead import plan_lead
    from flyball.sizing.limit import find_limit
    from flyball.sizing.plan import round_carried, size
    from flyball.sizing.saturation import LatencyObjective, find_saturation

    objective = wanted.objective
    if wanted.wish is None:
        latency = objective if isinstance(objective, LatencyObjective) else None
        saturation = find_saturation(benchmark, latency)
        limit = find_limit(benchmark, saturation, objective, wanted.resource)
        return Sized(Instance(benchmark, round_carried(saturation), limit), None, None, "")
    try:
        sizing = size(benchmark, plan_lead(wanted.wish, benchmark))
    except BenchmarkError:
        raise
    except ValueError as error:
        said = name_options(str(error))
        if said.startswith("--"):
            refuse(said)
        raise BenchmarkError(f"{benchmark.source}: {said}") from error
    instance = Instance(benchmark, sizing.saturation, sizing.limit)
    try:
        return Sized(instance, sizing, size_beside(sizing), "")
    except ValueError as error:
        return Sized(instance, sizing, None, str(error))


def _compare(found: Sequence[Sized], wish: Wish) -> Comparison | None:
    from flyball.sizing.machines import Candidate, compare_machines

    machines = [each.instance.benchmark.machine for each in found]
    if len(found) == 1 or any(each.price_per_hour is None for each in machines):
        return None
    candidates = [
        Candidate(machine, each.instance.limit.invocations.middle)
        for machine, each in zip(machines, found, strict=True)
    ]
    return compare_machines(candidates, wish.expectation, wish.at_least)


def _say_instance(instance: Instance, wanted: Wanted, *, whole: bool) -> None:
    """Say what one instance carries, and what it is to be held at."""
    from flyball.cli import screen
    from flyball.report import sizing as words
    from flyball.report.plain import plain
    from flyball.report.units import show_units
    from flyball.sizing.curve import tabulate
    from flyball.sizing.saturation import order_steps
    from flyball.sizing.sound import tell_unsound

    benchmark, saturation, limit = instance
    steps = order_steps(benchmark)
    screen.say_heading(f"One instance: {words.name_instance(benchmark)}")
    screen.say_wrapped(f"from {plain(benchmark.source)}", 2, "dim")
    unsound = tell_unsound(benchmark)
    if unsound:
        screen.say_wrapped(f"THIS IS NO MEASURE OF AN INSTANCE: {unsound}.", 2, "bold red")
    for note in benchmark.notes:
        screen.say_wrapped(f"note: {plain(note, 300)}", 2)
    if whole:
        screen.say()
        _say_table(words.step_heads(steps), words.step_rows(steps))
        screen.say()
    screen.say_wrapped(plain(saturation.sentence, 1_000), 0 if whole else 2)
    if whole and limit.resource is not None:
        uses = tabulate(benchmark, saturation, limit.resource)
        if uses:
            screen.say()
            _say_table(words.use_heads(limit.resource, uses), words.use_rows(uses))
    screen.say_heading(f"Held at: {words.tell_band(wanted.objective)}")
    shown = show_units(instance, wanted.home)
    heads = words.limit_heads(limit, shown.name if shown.values else "")
    _say_table(heads, words.limit_rows(limit, shown.texts), first=True)
    for paragraph in words.tell_limit(instance, shown.note):
        screen.say_wrapped(plain(paragraph, 1_000))


def _say_fleet(found: Found, wish: Wish) -> None:
    """Say how many are needed."""
    from flyball.cli import screen
    from flyball.report import sizing as words

    screen.say_heading(f"Needed: {words.tell_expectation(wish.expectation)}")
    if len(found.each) > 1:
        _say_types(found)
        return
    (each,) = found.each
    if each.sizing is None:
        return
    held = each.instance.limit.invocations.middle
    screen.say_facts(words.tell_capacity(each.sizing.capacity, wish.expectation, held))
    screen.say()
    if each.beside is None:
        screen.say_wrapped(f"What queueing says is not known: {each.silence}.")
        return
    _say_table(words.FLEET_HEADS, words.fleet_rows(each.beside), first=True)
    screen.say()
    for paragraph in words.tell_beside(each.beside):
        screen.say_wrapped(paragraph)


def _say_types(found: Found) -> None:
    """Say how many of each type are needed, and which is cheapest."""
    from flyball.cli import screen
    from flyball.report import sizing as words

    if found.comparison is None:
        ranges = [each.sizing.capacity for each in found.each if each.sizing is not None]
        rows = words.count_rows([each.instance for each in found.each], ranges)
        _say_table(words.COUNT_HEADS, rows, first=True)
        screen.say()
        screen.say_wrapped("Up or out, by price: --price TYPE=N says what an hour of each costs.")
        return
    _say_table(words.OPTION_HEADS, words.option_rows(found.comparison), first=True)
    screen.say()
    for sentence in found.comparison.sentences:
        screen.say_wrapped(sentence)


def _say_advice(advised: Sequence[Advised]) -> None:
    """Say what the cloud would set, beside what was sized."""
    from flyball.cli import screen
    from flyball.report import advice as words

    screen.say_heading(f"AWS's own advice, for {words.tell_question(advised)}")
    columns = [screen.Column(head, right=index > 1) for index, head in enumerate(words.HEADS)]
    screen.say_table(columns, words.advice_rows(advised))
    screen.say()
    for each in advised:
        screen.say_wrapped(words.tell_difference(each))
    screen.say_wrapped(words.ONLY)


def _describe_made(made: Made) -> dict[str, object]:
    from flyball.report.tried import describe_evaluation

    evaluation = made.evaluation
    return {
        "path": None if made.path is None else str(made.path),
        "text": made.text,
        "notes": list(made.told),
        "evaluation": None if evaluation is None else describe_evaluation(evaluation),
    }


def _say_made(made: Made) -> None:
    """Say what became of the policies, and where they are."""
    from flyball.cli import screen
    from flyball.report import tried as words
    from flyball.report.plain import plain

    if made.evaluation is not None:
        screen.say_heading("Evaluated: the policies under the expected traffic, simulated")
        rows = words.trial_rows(made.evaluation.trials)
        _say_table(words.TRIAL_HEADS, rows, first=True)
        screen.say()
        for sentence in words.tell_rounds(made.evaluation):
            screen.say_wrapped(plain(sentence, 1_000))
    for line in made.told:
        screen.say()
        screen.say_wrapped(plain(line, 1_000))


def _say_tested(tested: Tested) -> None:
    """Say what a load test of the whole endpoint showed."""
    from flyball.cli import screen
    from flyball.report import measured as words
    from flyball.report.plain import plain

    screen.say_heading("Measured: the whole endpoint")
    screen.say_wrapped(f"from {plain(tested.benchmark.source, 300)}", 2, "dim")
    screen.say_wrapped(plain(words.tell_in_force(tested), 300), 2, "dim")
    for note in tested.benchmark.notes:
        screen.say_wrapped(f"note: {plain(note, 300)}", 2)
    screen.say()
    _say_table(words.load_heads(tested), words.load_rows(tested))
    screen.say()
    for paragraph in words.tell_measured(tested):
        screen.say_wrapped(plain(paragraph, 1_000))


def _say_table(
    heads: Sequence[str], rows: Sequence[tuple[str, ...]], *, first: bool = False
) -> None:
    """Say a table of figures, of which the first column may be names."""
    from flyball.cli import screen

    columns = [
        screen.Column(head, right=bool(index) or not first) for index, head in enumerate(heads)
    ]
    screen.say_table(columns, rows)
