"""Which tool made a load test's file, and what did it find out?

Told by what stands in the file, never by its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TextIO

from flyball.sizing.benchmark import UNKNOWN, Benchmark, BenchmarkError, Machine, Step
from flyball.sizing.formats import k6, locust, plain, recommender, vegeta, wrk
from flyball.sizing.formats.plain import Columns
from flyball.sizing.formats.text import Node, open_text, read_documents, read_names, read_text

SETTLE = timedelta(seconds=10)
"""Left out of the begin of each load: caches fill, and Locust's percentiles are of 10 s."""
DELIMITERS = ",;\t"
BEGIN = 4_096
"""Characters that tell the tool."""
K6, LOCUST_HISTORY, LOCUST = "k6's CSV", "Locust's history", "Locust's statistics"
RESULTS, REPORT, SUMMARY = "vegeta's results", "vegeta's report", "k6's summary"
WRK, WRK2, TABLE, JOB = "wrk's output", "wrk2's output", "a table", "an Inference Recommender job"
KNOWN = (
    "Locust's *_stats_history.csv and *_stats.csv, k6's --out csv and --summary-export, what wrk "
    "and wrk2 print, vegeta's report -type=json and encode -to csv, an Inference Recommender job "
    "as JSON, and a CSV with a column of requests"
)
ELSE = (
    (re.compile(r"^Requests\s+\[total, rate"), "vegeta's text; give `vegeta report -type=json`"),
    (re.compile(r'^\{"(type|metric)":"?(Metric|Point|\{)'), "k6's JSON; give `--out csv=FILE`"),
    (re.compile(r"^Method,Name,Error,Occ"), "Locust's failures; give its *_stats_history.csv"),
    (re.compile(r"^Count,Message,Trace"), "Locust's exceptions; give its *_stats_history.csv"),
    (
        re.compile(r'^\[\s*\{\s*"name".*"num_requests"', re.DOTALL),
        "Locust's --json; give its --csv",
    ),
)
"""What is none of it, but is known."""
VEGETA_RESULT = re.compile(r'^\{"attack":"[^"]*","seq":\d+,"code":')
VEGETA_ROW = re.compile(r"^\d{16,},\d{1,3},\d+,\d+,\d+,")


def recognize(
    path: Path,
    *more: Path,
    machine: Machine = UNKNOWN,
    settle: timedelta = SETTLE,
    columns: Columns | None = None,
) -> Benchmark:
    """Read a load test of one instance, from the files of any tool that is known.

    Args:
        path: Gzipped or not.
        more: Of the same test: the steps of all of them.
        machine: What it ran on. Of a job for several instance types, which; of a use by the core,
            how many there are.
        settle: Left out of the begin of each load that is found in a course of time, >= 0.
        columns: Of a table; what is not named is found by its usual name.

    Returns:
        Its `source` says what each file was taken for, its `notes` what is odd.

    Raises:
        BenchmarkError: It is none that is known, or is broken, or tells of several machines; the
            message names file, line or field, and what to do.
    """
    if settle < timedelta(0):
        raise BenchmarkError(f"settle: got {settle}; expected 0 s or more")
    read = [_read_file(each, machine, settle, columns) for each in (path, *more)]
    machines = {each.machine for each in read}
    if len(machines) > 1:
        named = ", ".join(sorted(each.instance_type or "not told" for each in machines))
        raise BenchmarkError(f"{path}: files of several machines ({named}); give those of one")
    steps = tuple(step for each in read for step in each.held)
    source = _name_files([*zip((path, *more), read, strict=True)])
    return Benchmark(steps, machines.pop(), source, _merge_notes((path, *more), read))


def _name_files(read: Sequence[tuple[Path, Benchmark]]) -> str:
    """Name the files that one after the other are of one kind, and the kind once."""
    named: list[str] = []
    for kind, files in groupby(read, lambda each: each[1].source.removeprefix(f"{each[0]} ")):
        named.append(f"{', '.join(str(path) for path, _ in files)} {kind}")
    return ", ".join(named)


def _merge_notes(paths: Sequence[Path], read: Sequence[Benchmark]) -> tuple[str, ...]:
    """Say of each note which file it is of, where there are several, and of many how many."""
    owners: dict[str, list[Path]] = {}
    for path, each in zip(paths, read, strict=True):
        for note in dict.fromkeys(each.notes):
            owners.setdefault(note, []).append(path)
    if len(paths) == 1:
        return tuple(owners)
    return tuple(
        f"{files[0]}: {note}" if len(files) == 1 else f"{note} (in {len(files)} of the files)"
        for note, files in owners.items()
    )


def recognize_each(path: Path, machine: Machine = UNKNOWN) -> tuple[Benchmark, ...]:
    """Read a job's benchmark of each configuration.

    Args:
        path: What boto3's describe_inference_recommendations_job answers, as JSON.
        machine: What is known of its instance type; of others the table of machines is asked.

    Raises:
        BenchmarkError: It is no such job, or has no result.
    """
    documents = read_documents(path)
    if not documents or not recommender.is_job(documents[0]):
        remedy = "give what describe-inference-recommendations-job says"
        raise BenchmarkError(f"{path}: not {JOB}; {remedy}")
    return recommender.read_job(documents[0], f"{path} ({JOB})", machine)


def _read_file(
    path: Path, machine: Machine, settle: timedelta, columns: Columns | None
) -> Benchmark:
    with open_text(path) as text:
        begin = text.read(BEGIN).lstrip()
    if not begin:
        raise BenchmarkError(f"{path}: the file is empty; known are {KNOWN}")
    for known, remedy in ELSE:
        if known.search(begin):
            raise BenchmarkError(f"{path}: this is {remedy}")
    if wrk.RUN.search(begin):
        steps, notes = wrk.read_runs(path, read_text(path))
        named = WRK2 if wrk.UNTOLD in notes else WRK
        return Benchmark(steps, machine, f"{path} ({named})", notes)
    if begin[0] in "{[" and not VEGETA_RESULT.match(begin):
        return _read_json(path, machine)
    with open_text(path) as text:
        return _read_lines(path, text, machine, settle, columns)


def _read_json(path: Path, machine: Machine) -> Benchmark:
    documents = read_documents(path)
    first = documents[0]
    if recommender.is_job(first):
        return _pick(path, first, machine)
    if isinstance(first.at("latencies").value, dict):
        reports = [vegeta.read_report(each) for each in documents]
        notes = tuple(dict.fromkeys(note for _, remarks in reports for note in remarks))
        return Benchmark(tuple(step for step, _ in reports), machine, f"{path} ({REPORT})", notes)
    if first.at("metrics").value is not None or first.at("results", "metrics").value is not None:
        step, remarks = k6.read_summary(first)
        return Benchmark((step,), machine, f"{path} ({SUMMARY})", remarks)
    names = ", ".join(map(repr, first.names()[:8])) or "no object"
    raise BenchmarkError(f"{path}: JSON of no tool that is known ({names}); known are {KNOWN}")


def _pick(path: Path, node: Node, machine: Machine) -> Benchmark:
    """Pick a machine's benchmark: of several configurations the one that answers most."""
    found = recommender.read_job(node, f"{path} ({JOB})", machine)
    types = list(dict.fromkeys(each.machine.instance_type for each in found))
    wanted = machine.instance_type or (types[0] if len(types) == 1 else "")
    chosen = [each for each in found if each.machine.instance_type == wanted]
    if not chosen:
        listed = ", ".join(types)
        raise BenchmarkError(f"{path}: the job tells of {listed}; say which instance type is meant")
    return max(chosen, key=lambda each: each.steps[0].answered)


def _read_lines(
    path: Path, text: TextIO, machine: Machine, settle: timedelta, columns: Columns | None
) -> Benchmark:
    head = next(line for line in text if line.strip())
    text.seek(0)
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    mark = max(DELIMITERS, key=head.count)
    names = read_names(head, mark)
    if VEGETA_ROW.match(head):
        named, (steps, notes) = RESULTS, vegeta.list_attacks(vegeta.read_csv(path, text), settle)
    elif head[0] == "{":
        named, (steps, notes) = RESULTS, vegeta.list_attacks(vegeta.read_json(path, text), settle)
    elif {"metric_name", "metric_value"} & set(names):
        named, (steps, notes) = K6, k6.read_csv(path, text, names, settle)
    elif {"User Count", "Total Request Count"} & set(names):
        named, (steps, notes) = LOCUST_HISTORY, locust.read_history(path, text, names, settle)
    elif {"Request Count", "Failure Count"} & set(names):
        named, (steps, notes) = LOCUST, locust.read_statistics(path, text, names)
    elif len(names) > 1 or columns:
        named, given = TABLE, plain.name_columns(plain.guess_columns(names), columns)
        steps = plain.read_table(path, text, names, given, machine, mark)
    else:
        raise BenchmarkError(f"{path}: the file of no tool that is known; known are {KNOWN}")
    return Benchmark(steps, machine, f"{path} ({named})", notes)
