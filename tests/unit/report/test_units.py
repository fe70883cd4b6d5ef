"""Is the use that is limited told as the home's own monitoring shows it?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.report.sizing import Instance
from flyball.report.units import describe_units, show_units
from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.limit import find_limit
from flyball.sizing.saturation import find_saturation


def find(resource: Resource, machine: Machine) -> Instance:
    """Size one instance that is limited by this."""
    steps = [Step(60 * n, 60 * n, used_ratio={resource: n / 10}) for n in range(1, 11)]
    benchmark = Benchmark((*steps, Step(600, 900, used_ratio={resource: 1.0})), machine, "here")
    saturation = find_saturation(benchmark)
    return Instance(benchmark, saturation, find_limit(benchmark, saturation))


@dataclass(frozen=True)
class Case:
    """A machine at a home, what its monitoring shows, and what is said of it."""

    id: str
    resource: Resource
    machine: Machine
    home: str | None
    texts: tuple[str, ...]
    note: str


FOUR, ONE = Machine("four", 4), Machine("one", 1)
GPUS = Machine("gpus", 4, 2)
CASES = [
    Case("cores", Resource.CPU, FOUR, None, ("180 %", "200 %", "220 %"), "all 4 are 400 %."),
    Case("one core", Resource.CPU, ONE, "aws", ("45 %", "50 %", "55 %"), ""),
    Case("unknown", Resource.CPU, Machine(), "local", ("45 %", "50 %", "55 %"), "--cores."),
    Case("gpus", Resource.GPU, GPUS, "aws", ("90 %", "100 %", "110 %"), ""),
    Case("google", Resource.CPU, FOUR, "gcp", ("1.8", "2", "2.2"), "all 4 are 4."),
    Case("google's core", Resource.CPU, ONE, "gcp", ("0.45", "0.5", "0.55"), ""),
    Case("google's gpus", Resource.GPU, GPUS, "gcp", ("0.45", "0.5", "0.55"), ""),
    Case("google's memory", Resource.MEMORY, FOUR, "gcp", (), "in bytes, or not at all."),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_home_has_its_units(case: Case) -> None:
    """CloudWatch counts percent of each core, Google parts of it, and bytes of what holds."""
    shown = show_units(find(case.resource, case.machine), case.home)
    assert tuple(shown.texts) == case.texts
    assert shown.note.endswith(case.note)
    assert bool(shown.note) is bool(case.note)
    assert shown.name == ("Cloud Monitoring" if case.home == "gcp" else "CloudWatch")
    assert case.note == "" or "bytes" in case.note or shown.note.count(shown.name) == 1


def test_what_is_not_shown_is_told_so() -> None:
    """To other programs too."""
    assert describe_units(show_units(find(Resource.MEMORY, FOUR), "gcp")) is None
    told = describe_units(show_units(find(Resource.CPU, FOUR), "gcp"))
    assert told == {
        "in": "Cloud Monitoring",
        "low": pytest.approx(1.8),
        "middle": pytest.approx(2.0),
        "high": pytest.approx(2.2),
    }
