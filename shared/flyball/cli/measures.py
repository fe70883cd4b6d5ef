"""What did a load test of the whole endpoint show, as the options say where it is?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.benches import Files, is_json, read_files, read_kinds
from flyball.cli.failure import refuse
from flyball.cli.inforce import find_in_force

if TYPE_CHECKING:
    from flyball.cli.benches import Kinds
    from flyball.cli.policies import Policies
    from flyball.cli.sized import Found as Sizes
    from flyball.cli.wishes import Wanted
    from flyball.report.measured import Tested
    from flyball.sizing.benchmark import Benchmark
    from flyball.sizing.endpoint import Tested as Found
    from flyball.sizing.plan import Sizing
    from flyball.sizing.saturation import Cause

JOB = "recommender:"
MANY = "how many instances served is not told: give --measured-instances N"


class Measuring(NamedTuple):
    """What the options say of a load test of the whole endpoint, each as it was typed.

    Attributes:
        sources: Files, or a trial's name after JOB; empty: there was none.
        instances: That served all the time; None: they were scaled.
        in_force: A flyball.yaml; None: the one that is written over, or else as the method says.
        files: How files are read, as those of one instance.
        region: AWS's.
    """

    sources: Sequence[str]
    instances: float | None
    in_force: Path | None
    files: Files
    region: str | None


def check_measuring(measuring: Measuring, wanted: Wanted) -> None:
    """Refuse, before anything runs, what does not fit together.

    Raises:
        CommandError: It does not.
    """
    if not measuring.sources:
        given = {"--measured-instances": measuring.instances, "--in-force": measuring.in_force}
        for option, value in given.items():
            if value is not None:
                refuse(f"{option}: only with --measured")
        return
    if wanted.wish is None:
        refuse("--measured: it is held against what is expected: give --most, or --trace")
    jobs = [each for each in measuring.sources if each.startswith(JOB)]
    if jobs and len(measuring.sources) > 1:
        refuse(
            f"--measured: got {', '.join(measuring.sources)}; give one job, or files of one test"
        )
    if jobs == [JOB]:
        refuse(f"--measured: got {JOB!r}, expected {JOB}JOB with the job's name")


def test_fleet(
    measuring: Measuring,
    found: Sizes,
    wanted: Wanted,
    made: Policies,
    numbers: tuple[list[str] | None, list[str] | None, list[str] | None],
) -> Tested | None:
    """Hold a load test of the whole endpoint against what is expected, and change what broke first.

    Args:
        measuring: Where it is.
        found: What one instance carries, of each type.
        wanted: What is wanted.
        made: What the options say of the policies.
        numbers: Of instances, as typed; see Sources.

    Returns:
        None where there was none.

    Raises:
        BenchmarkError: It is none that is known, or lacks what is asked for.
        CommandError: The config that was in force is not clear.
    """
    from flyball.cli.policies import choose_sizing
    from flyball.report.measured import Tested
    from flyball.sizing.again import keep_last
    from flyball.sizing.concluded import tell_broken
    from flyball.sizing.evaluate import MOST
    from flyball.sizing.measured import Fleet, measure
    from flyball.sizing.mended import mend
    from flyball.sizing.pattern import expect_patterns
    from flyball.sizing.saturation import LatencyObjective
    from flyball.sizing.tried import DELAYS, MINUTE

    if not measuring.sources:
        return None
    sizing, kinds = choose_sizing(found), read_kinds(*numbers)
    found_in_force = find_in_force(measuring.in_force, sizing, made)
    benchmark, fixed, ended, has_come = _read(measuring, sizing, kinds)
    if benchmark.steps == sizing.benchmark.steps:
        refuse(
            f"--measured: {benchmark.source}: it is the load test of one instance; give one of the "
            "whole endpoint"
        )
    benchmark = keep_last(benchmark)
    fleet = Fleet(
        found_in_force.settings,
        sizing.saturation.invocations,
        sizing.wish.lead_time + DELAYS.get(found_in_force.home, MINUTE),
        fixed,
        has_come,
    )
    patterns = expect_patterns(sizing.wish.expectation, history=wanted.trace)
    measured = measure(benchmark, sizing, fleet, patterns, ended)
    wanted_latency = sizing.wish.objective
    objective = wanted_latency if isinstance(wanted_latency, LatencyObjective) else None
    why = tell_broken(measured, fleet, objective, sizing.wish.expectation)
    mended = mend(measured, sizing, fleet, made.quota or MOST, why)
    _, place, _, text, target = found_in_force
    return Tested(benchmark, fleet, place, measured, mended, sizing, text, target)


def _read(
    measuring: Measuring, sizing: Sizing, kinds: Kinds
) -> tuple[Benchmark, float | None, Cause | None, bool]:
    """Read the load test; how many served all the time, and by what it ended, where that is known.

    Of a trial's load nobody tells how it came: its users come a few a minute.
    """
    found = _find_trial(measuring)
    if found is not None:
        counted = measuring.instances or found.instances
        if counted is None:
            refuse(f"--measured: {found.benchmark.source}: {MANY}")
        return found.benchmark, counted, found.ended, True
    kind = sizing.benchmark.machine.instance_type
    paths = [Path(each) for each in measuring.sources]
    (benchmark,) = read_files(measuring.files._replace(paths=paths, instance_type=kind), kinds)[0]
    return benchmark, measuring.instances, None, False


def _find_trial(measuring: Measuring) -> Found | None:
    """Wait for a trial, or read one that was saved; None: it is something else."""
    from flyball.cli.trials import await_job
    from flyball.sizing.endpoint import read_endpoint
    from flyball.sizing.formats.recommender import is_job, read_node
    from flyball.sizing.formats.text import read_documents

    source, *more = measuring.sources
    if source.startswith(JOB):
        return read_endpoint(await_job(measuring.region, source.removeprefix(JOB)))
    path = Path(source)
    if more or not is_json(path):
        return None
    documents = read_documents(path)
    return read_endpoint(read_node(documents[0])) if documents and is_job(documents[0]) else None
