"""Where are load tests of one instance from, and what did they run on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse
from flyball.cli.options import read_duration
from flyball.cli.pairs import read_numbers, read_single

if TYPE_CHECKING:
    from flyball.sizing.benchmark import Benchmark, Machine
    from flyball.sizing.formats.plain import Columns
    from flyball.trial import Bench, Trial

COUNTS = ("users", "offered", "answered", "failed", "duration", "instances")
USES = ("cpu", "memory", "disk", "gpu", "gpu_memory")
REQUESTS, LATENCY = "requests", "latency"
PERS = {"second": 1.0, "minute": 60.0}
OWN = '"flyball-benchmark"'
HINTS = (
    ("no column of requests", "--column offered=NAME, and --unit requests=minute where it is that"),
    ("say its scale", "--unit WHAT=SCALE"),
    ("say how many there are", "--instance-type TYPE, or --cores N and --gpus N"),
    ("say how many it has", "--cores N, or --gpus N"),
    ("how many cores it has", "--cores TYPE=N, and --gpus TYPE=N"),
    ("is not of one instance", "--measured FILE, or --measured recommender:JOB, reads it"),
    ("say which instance type is meant", "--instance-type TYPE"),
)
"""By what a remedy says, the option that does it."""
BEGIN = 200
"""Characters in which a file of `flyball loadtest` says that it is one."""


class Kinds(NamedTuple):
    """What the options say of instance types, by type; "" is whatever is not named.

    Attributes:
        cores: Of one.
        gpus: Of one.
        prices: Of an hour.
    """

    cores: Mapping[str, float]
    gpus: Mapping[str, float]
    prices: Mapping[str, float]

    def find(self, instance_type: str) -> Machine:
        """Say what is known of a type.

        Raises:
            BenchmarkError: It is not in the table, and nobody said how many cores it has.
        """
        from flyball.sizing.benchmark import UNKNOWN, Machine
        from flyball.sizing.catalog import find_machine

        cores, gpus, price = (_pick(each, instance_type) for each in self)
        if instance_type:
            return find_machine(
                instance_type,
                None if cores is None else int(cores),
                None if gpus is None else int(gpus),
                price,
            )
        if cores is gpus is price is None:
            return UNKNOWN
        return Machine("", int(cores or 1), int(gpus or 0), price)


class Advisor(NamedTuple):
    """Who may be asked what the cloud would set.

    Attributes:
        bench: Who ran the trial.
        trial: As it ended.
    """

    bench: Bench
    trial: Trial


class Given(NamedTuple):
    """Load tests.

    Attributes:
        benchmarks: One of each instance type.
        notes: What is odd of all of them.
        advisor: Of the cloud that made them; None: none did.
    """

    benchmarks: Sequence[Benchmark]
    notes: Sequence[str]
    advisor: Advisor | None = None


class Files(NamedTuple):
    """Which files tell of load tests, and how they are read, as the options say it.

    Attributes:
        paths: Of one load test.
        machines: TYPE=FILE, of several.
        instance_type: Of paths; "": not told.
        columns: WHAT=NAME, of a table.
        units: WHAT=UNIT, likewise.
        settle: Left out of each load's begin; None: as usual.
    """

    paths: Sequence[Path]
    machines: Sequence[str]
    instance_type: str
    columns: Sequence[str]
    units: Sequence[str]
    settle: str | None


def read_kinds(
    cores: Sequence[str] | None, gpus: Sequence[str] | None, prices: Sequence[str] | None
) -> Kinds:
    """Read what the options say of instance types."""
    found = Kinds(
        read_numbers("--cores", cores, 1),
        read_numbers("--gpus", gpus, 0),
        read_numbers("--price", prices, 0),
    )
    for option, counts in (("--cores", found.cores), ("--gpus", found.gpus)):
        for each in counts.values():
            if each != int(each):
                refuse(f"{option}: got {each:g}, expected a whole number")
    return found


def read_files(files: Files, kinds: Kinds) -> Given:
    """Read a load test of each instance type that is named, or the one whose type is not.

    Raises:
        BenchmarkError: A file is none that is known, or is broken.
        CommandError: The options do not fit together.
    """
    from flyball.sizing.benchmark import BenchmarkError

    try:
        return _read_files(files, kinds)
    except BenchmarkError as error:
        hint = next((option for words, option in HINTS if words in str(error)), "")
        raise BenchmarkError(f"{error}: {hint}" if hint else str(error)) from error


def _read_files(files: Files, kinds: Kinds) -> Given:
    if not files.machines:
        return choose_best(_read_one([*files.paths], files.instance_type, files, kinds), ())
    named: dict[str, list[Path]] = {}
    for text in files.machines:
        kind, sign, path = text.partition("=")
        if not (sign and kind and path):
            refuse(f"--machine: got {text!r}, expected TYPE=FILE, such as ml.c5.large=large.csv")
        named.setdefault(kind, []).append(Path(path))
    read = [each for kind, paths in named.items() for each in _read_one(paths, kind, files, kinds)]
    return choose_best(read, ())


def choose_best(benchmarks: Sequence[Benchmark], notes: Sequence[str]) -> Given:
    """Keep of each instance type the configuration that answered most, and say of which."""
    best: dict[str, Benchmark] = {}
    left = []
    for each in benchmarks:
        name = each.machine.instance_type
        other = best.get(name)
        if other is None or _most(each) > _most(other):
            best[name] = each
        if other is not None:
            worse = min(each, other, key=_most)
            left.append(f"{worse.source}: {_most(worse):,.0f} a minute; the better one is taken")
    return Given(tuple(best.values()), (*notes, *left))


def _most(benchmark: Benchmark) -> float:
    return max(each.answered for each in benchmark.steps)


def _pick(values: Mapping[str, float], name: str) -> float | None:
    return values.get(name, values.get(""))


def _read_one(
    paths: Sequence[Path], instance_type: str, files: Files, kinds: Kinds
) -> list[Benchmark]:
    from flyball.sizing.formats.recognize import SETTLE, recognize

    machine = kinds.find(instance_type)
    if len(paths) == 1 and _is_own(paths[0]):
        return [_read_own(paths[0], instance_type, kinds)]
    if len(paths) == 1 and not instance_type:
        job = _read_job(paths[0], kinds)
        if job:
            return job
    settle = SETTLE if files.settle is None else read_duration("--settle", files.settle)
    columns = _read_columns(files.columns, files.units)
    return [recognize(*paths, machine=machine, settle=settle, columns=columns)]


def _is_own(path: Path) -> bool:
    with path.open("rb") as file:
        return OWN.encode() in file.read(BEGIN)


def _read_own(path: Path, instance_type: str, kinds: Kinds) -> Benchmark:
    """Read what `flyball loadtest --out` wrote; what is said of its machine goes before."""
    from flyball.sizing.load.record import read_benchmark

    found = read_benchmark(path)
    name = instance_type or found.machine.instance_type
    cores, gpus, price = (_pick(each, name) for each in kinds)
    if instance_type and instance_type != found.machine.instance_type and cores is None:
        return replace(found, source=str(path), machine=kinds.find(instance_type))
    machine = found.machine._replace(
        instance_type=name,
        cores=found.machine.cores if cores is None else int(cores),
        gpus=found.machine.gpus if gpus is None else int(gpus),
        price_per_hour=found.machine.price_per_hour if price is None else price,
    )
    return replace(found, source=str(path), machine=machine)


def _read_job(path: Path, kinds: Kinds) -> list[Benchmark]:
    """Read each configuration of an Inference Recommender job's file; [] if it is none."""
    from flyball.sizing.benchmark import BenchmarkError
    from flyball.sizing.formats.recognize import recognize_each
    from flyball.sizing.formats.recommender import is_job
    from flyball.sizing.formats.text import read_documents

    if not is_json(path):
        return []
    try:
        if not is_job(read_documents(path)[0]):
            return []
    except BenchmarkError:  # whoever reads it as something else says what is wrong
        return []
    found = list(recognize_each(path))
    for index, each in enumerate(found):
        name = each.machine.instance_type
        if not name or all(_pick(values, name) is None for values in kinds):
            continue
        price = _pick(kinds.prices, name)
        machine = kinds.find(name)._replace(
            price_per_hour=each.machine.price_per_hour if price is None else price
        )
        found[index] = replace(recognize_each(path, machine)[index], machine=machine)
    return found


def is_json(path: Path) -> bool:
    """Say whether a file begins as JSON does."""
    from flyball.sizing.formats.text import open_text

    with open_text(path) as text:
        return text.read(BEGIN).lstrip()[:1] in ("{", "[")


def _read_columns(columns: Sequence[str], units: Sequence[str]) -> Columns | None:
    """Say which column is which, as the options say it; None: they say nothing."""
    from datetime import timedelta

    from flyball.sizing.benchmark import Resource
    from flyball.sizing.formats.plain import UNITS_MS, Columns, Scale

    if not columns and not units:
        return None
    named, late = dict[str, str](), dict[float, str]()
    used = dict[Resource, str]()
    for what, name in read_single("--column", columns).items():
        quantile = _read_quantile(what)
        if what in COUNTS:
            named[what] = name
        elif what in USES:
            used[Resource(what)] = name
        elif quantile is not None:
            late[quantile] = name
        else:
            known = ", ".join((*COUNTS, "p50 to p99.9", *USES))
            refuse(f"--column: got {what!r}, expected one of {known}")
    told = read_single("--unit", units, (REQUESTS, LATENCY, *USES))
    per, latency = told.pop(REQUESTS, "second"), told.pop(LATENCY, "ms")
    scales = [each.value for each in Scale]
    for option, value, allowed in (
        (REQUESTS, per, list(PERS)),
        (LATENCY, latency, list(UNITS_MS)),
        *((name, scale, scales) for name, scale in told.items()),
    ):
        if value not in allowed:
            refuse(f"--unit: {option}: got {value!r}, expected one of {', '.join(allowed)}")
    return Columns(
        **named,
        per=timedelta(seconds=PERS[per]),
        latency=late,
        latency_unit=latency,
        used=used,
        scale={Resource(name): Scale(scale) for name, scale in told.items()},
    )


def _read_quantile(text: str) -> float | None:
    """Read p95 or p99.9; None: it is none."""
    try:
        value = float(text.removeprefix("p"))
    except ValueError:
        return None
    return round(value / 100.0, 9) if text.startswith("p") and 0.0 < value < 100.0 else None  # noqa: PLR2004  (percent)
