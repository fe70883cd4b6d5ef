"""Which peers were asked for, and with what settings?"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, get_type_hints

from flyball.config.duration import parse_duration
from flyball.core.window import Window
from flyball.sim.judge import Marks
from flyball.sim.peers import aws, google, hpa, keda, knative, optimum, ray, schedule, static
from flyball.sim.peers.tick import Bounds
from flyball.sim.picked import carry_out
from flyball.sim.slots import Course, Peer, Plant, Ranging, Run, score


@dataclass(frozen=True, slots=True)
class NoSettings:
    """Nothing can be set."""


class Stage(NamedTuple):
    """Where a peer begins.

    Attributes:
        course: What arrives; a peer that may not know the future looks at its slots alone.
        plant: What answers.
        bounds: The plant's.
        windows: The user's.
        begin: The first slot that is scored; None: after what suits the course's length.
    """

    course: Course
    plant: Plant
    bounds: Bounds
    windows: tuple[Window, ...]
    begin: int | None = None


class Kind(NamedTuple):
    """A kind of peer.

    Attributes:
        settings: What can be set, a frozen dataclass.
        start: Makes one.
        title: For a table.
        check: Raises ImportError where a library is missing.
    """

    settings: type[Any]
    start: Callable[[Any, Stage], Peer | Ranging]
    title: str
    check: Callable[[], object] = lambda: None


KINDS: Mapping[str, Kind] = {
    "aws": Kind(
        aws.Settings,
        lambda s, stage: aws.TargetTracking(s, stage.bounds, stage.course.slot),
        "AWS target tracking",
    ),
    "hpa": Kind(
        hpa.Settings,
        lambda s, stage: hpa.PodAutoscaler(s, stage.bounds, stage.course.slot),
        "Kubernetes HPA v2",
    ),
    "knative": Kind(
        knative.Settings,
        lambda s, stage: knative.KnativeAutoscaler(s, stage.bounds, stage.course.slot),
        "Knative KPA",
    ),
    "keda": Kind(
        keda.Settings,
        lambda s, stage: keda.ScaledObject(s, stage.bounds, stage.course.slot),
        "KEDA",
    ),
    "ray": Kind(
        ray.Settings,
        lambda s, stage: ray.RayServe(s, stage.bounds, stage.course.slot),
        "Ray Serve",
        ray.Library,
    ),
    "google": Kind(
        google.Settings,
        lambda s, stage: google.hold_range(s, stage.bounds, stage.plant),
        "Google's service alone",
    ),
    "static": Kind(
        static.Settings,
        lambda s, stage: static.Static(s, stage.bounds, stage.course.loads()),
        "static peak",
    ),
    "schedule": Kind(
        NoSettings,
        lambda _, stage: schedule.Windows(stage.windows, stage.bounds),
        "the present schedule",
    ),
    "optimum": Kind(
        optimum.Settings,
        lambda s, stage: optimum.foresee(s, stage.bounds, stage.course, stage.plant, stage.begin),
        "clairvoyant optimum",
    ),
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A peer that was asked for.

    Attributes:
        name: As it was asked for, such as aws:target=0.7.
        kind: What of KINDS it is.
        settings: Of that kind.
        windows: The user's present ones, for `schedule`.
    """

    name: str
    kind: str
    settings: Any
    windows: tuple[Window, ...] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """For a table."""
        return KINDS[self.kind].title

    def check(self) -> None:
        """Tell whether it can be run here, before anything else is.

        Raises:
            ImportError: It runs a library that is not installed; says what to install.
        """
        KINDS[self.kind].check()

    def start(self, course: Course, plant: Plant, begin: int | None = None) -> Peer | Ranging:
        """Make the peer, at the beginning of a course.

        Args:
            course: What arrives.
            plant: What answers.
            begin: The first slot that is scored; None: after what suits the course's length.

        Raises:
            ImportError: It runs a library that is not installed; says what to install.
        """
        bounds = Bounds(plant.min_capacity, plant.max_capacity)
        stage = Stage(course, plant, bounds, self.windows, begin)
        return KINDS[self.kind].start(self.settings, stage)

    def run(self, course: Course, plant: Plant) -> Run:
        """Let it order; as for start."""
        return carry_out(course, plant, self.start(course, plant))


def make(names: str | Iterable[str], windows: Iterable[Window] = ()) -> tuple[Baseline, ...]:
    """Read which peers are asked for.

    Args:
        names: Such as "aws,hpa:target=0.6,static", or one after the other. More than one setting
            is written aws:target=0.6:period=10s.
        windows: The user's present ones, for `schedule`.

    Raises:
        ValueError: An unknown peer or setting, a value that is none, one twice, or a schedule
            without a window; says what is known.
    """
    parts = names.split(",") if isinstance(names, str) else list(names)
    asked = [part.strip() for part in parts if part.strip()]
    if not asked:
        raise ValueError(f"--against: nothing; expected one or more of {', '.join(KINDS)}")
    twice = [name for name in asked if asked.count(name) > 1]
    if twice:
        raise ValueError(f"--against: {twice[0]!r} twice; leave one out")
    return tuple(_read(name, tuple(windows)) for name in asked)


class Point(NamedTuple):
    """A peer with one target.

    Attributes:
        baseline: The peer.
        target: What it was set to.
        marks: What it came to.
    """

    baseline: Baseline
    target: float
    marks: Marks


def frontier(
    name: str, course: Course, plant: Plant, targets: Sequence[float]
) -> tuple[Point, ...]:
    """Run a peer with each of several targets.

    Args:
        name: A peer with a target, with other settings if need be, such as aws:period=10s.
        course: What arrives.
        plant: What answers.
        targets: Shares of an instance's capacity.

    Raises:
        ValueError: As for make, or the peer has no target.
    """
    points = []
    for target in targets:
        (baseline,) = make([f"{name}:target={target!r}"])
        points.append(Point(baseline, target, score(baseline.run(course, plant))))
    return tuple(points)


def cheapest_within(points: Iterable[Point], late_ratio: float) -> Point | None:
    """Find the point that hindsight would choose: the cheapest that is late no more than that."""
    fit = [point for point in points if point.marks.late_ratio <= late_ratio]
    return min(fit, key=lambda point: point.marks.instance_hours, default=None)


def _read(name: str, windows: tuple[Window, ...]) -> Baseline:
    kind, *given = (part.strip() for part in name.split(":"))
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise ValueError(f"--against: no peer {kind!r}; there are {known}{_hint(kind, KINDS)}")
    if kind == "schedule" and not windows:
        raise ValueError("--against: schedule: no window is written; leave schedule out")
    settings_type = KINDS[kind].settings
    types = get_type_hints(settings_type)
    values: dict[str, object] = {}
    for pair in given:
        key, sign, text = (part.strip() for part in pair.partition("="))
        if key not in types or not sign:
            known = ", ".join(f"{each}=…" for each in types) or "nothing"
            hint = _hint(key, types)
            raise ValueError(f"--against: {name}: got {pair!r}; {kind} can be set {known}{hint}")
        if key in values:
            raise ValueError(f"--against: {name}: {key} twice; leave one out")
        values[key] = _read_value(f"{name}: {key}", types[key], text)
    try:
        settings = settings_type(**values)
    except ValueError as error:
        raise ValueError(f"--against: {name}: {error}") from None
    return Baseline(name, kind, settings, windows if kind == "schedule" else ())


def _read_value(where: str, wanted: type, text: str) -> object:
    try:
        if wanted is timedelta:
            return parse_duration(text)
        return wanted(text)
    except ValueError:
        expected = _EXPECTED[wanted]
        raise ValueError(f"--against: {where}: got {text!r}, expected {expected}") from None


_EXPECTED = {
    float: "a number such as 0.7",
    int: "a whole number",
    timedelta: "a duration such as 300s or 5m",
}


def _hint(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def describe(baseline: Baseline) -> dict[str, object]:
    """Give a peer's settings by name, for a report."""
    return dataclasses.asdict(baseline.settings)
