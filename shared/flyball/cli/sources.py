"""Where are the load tests of one instance, as the options say it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.benches import Files, Given, Kinds, read_files, read_kinds
from flyball.cli.failure import refuse
from flyball.cli.trials import Ordering, Window, pull_past, run_trial

if TYPE_CHECKING:
    from flyball.cli.wishes import Wanted


class Sources(NamedTuple):
    """Where load tests are from, as the options say it: one of the first three.

    Attributes:
        files: Read here.
        ordering: By a cloud.
        window: Remembered by a cloud.
        numbers: Of an instance: cores, GPUs and prices, each as it was typed.
        has_fleet: Files of a load test of the whole endpoint are read besides.
    """

    files: Files
    ordering: Ordering
    window: Window
    numbers: tuple[list[str] | None, list[str] | None, list[str] | None]
    has_fleet: bool = False


def find_sources(sources: Sources, wanted: Wanted) -> Given:
    """Find the load tests where the options say that they are.

    Raises:
        CommandError: The options do not fit together.
        BenchmarkError: A load test is none that is known, or found nothing.
    """
    from flyball.sizing.saturation import LatencyObjective

    files, ordering, window, numbers, _ = sources
    kinds = read_kinds(*numbers)
    _check_sources(sources)
    if ordering.job is not None or ordering.mode is not None:
        latency = wanted.objective if isinstance(wanted.objective, LatencyObjective) else None
        return _check_kinds(kinds, run_trial(ordering, latency, kinds))
    if window.service is not None:
        return _check_kinds(kinds, Given([pull_past(window, files.instance_type, kinds)], ()))
    given = _check_kinds(kinds, read_files(files, kinds))
    for benchmark in given.benchmarks:
        counted = max(each.instances or 1.0 for each in benchmark.steps)
        if counted > 1.0:
            refuse(
                f"{benchmark.source}: it is of {counted:g} instances, and FILE of one; give it as "
                "--measured"
            )
    return given


def _check_kinds(kinds: Kinds, given: Given) -> Given:
    """Refuse what is said of an instance type that no load test is of."""
    known = {each.machine.instance_type for each in given.benchmarks}
    named = {"--cores": kinds.cores, "--gpus": kinds.gpus, "--price": kinds.prices}
    for option, values in named.items():
        strange = next((each for each in values if each and each not in known), None)
        if strange is not None:
            types = ", ".join(sorted(filter(None, known)))
            remedy = (
                f"they are of {types}" if types else f"--instance-type {strange} says that one is"
            )
            refuse(f"{option}: no load test is of {strange!r}; {remedy}")
    return given


def _check_sources(sources: Sources) -> None:
    """Refuse two sources, or none, and what belongs to another."""
    files, ordering, window, _, has_fleet = sources
    named = {
        "FILE": bool(files.paths),
        "--machine": bool(files.machines),
        "--recommender": ordering.job is not None,
        "--start": ordering.mode is not None,
        "--from": window.service is not None,
    }
    given = [name for name, is_given in named.items() if is_given]
    if not given:
        refuse("give a load test: FILE, --machine TYPE=FILE, --recommender, --start or --from")
    if len(given) > 1:
        refuse(f"{', '.join(given)}: give one of them")
    alone = {
        "--order": (ordering.order, "--start"),
        "--again": (ordering.again, "--start"),
        "--since": (window.since, "--from"),
        "--until": (window.until, "--from"),
        "--column": (files.columns, "FILE"),
        "--unit": (files.units, "FILE"),
        "--settle": (files.settle, "FILE"),
        "--instance-type": (files.instance_type, "FILE"),
    }
    for option, (value, owner) in alone.items():
        fits = {owner, "--machine"} if owner == "FILE" else {owner}
        if has_fleet and option in ("--column", "--unit", "--settle"):
            continue
        if option == "--instance-type":
            fits = {"FILE", "--from"}
        if value and not fits & set(given):
            refuse(f"{option}: only with {' or '.join(sorted(fits))}")
