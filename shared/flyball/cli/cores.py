"""On which cores, of this machine or of a cluster, does work run that falls into parts?

By joblib, whose backend is loky unless a flag names Dask or Ray. With one job nothing of it is
loaded, and the work runs here.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self, TypeVar

import typer

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from joblib import Parallel

T = TypeVar("T")
R = TypeVar("R")
Tell = Callable[[float], None]
"""Is told by a part's work how much of it is done, as a ratio."""
Work = Callable[[T, Tell], R]
"""A function of a module, of a part and whom to tell; what it raises ends all the work."""
LOKY, DASK, RAY = "loky", "dask", "ray"
BACKENDS = (LOKY, DASK, RAY)
LAZY: Mapping[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
MOST_JOBS = 1_024
STEPS = 1_000
"""Of each part, for a progress bar."""
SOON_S = 0.2
"""Between two looks at how far the others are."""
AHEAD = 4
"""Parts for each job that are sent at once to a backend that gives back nothing before the last."""

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        max=MOST_JOBS,
        help="How many processes run at a time.  [default: as many as there are cores]",
        show_default=False,
    ),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME[:ADDRESS]",
        help="Where they run: loky, on this machine; dask or ray, on the cluster of an address, "
        "or as their own environment variables say.",
    ),
]


class Cores(NamedTuple):
    """Where work runs.

    Attributes:
        jobs: How many parts at a time; None: all cores that there are.
        backend: One of BACKENDS.
        address: Of a cluster; "": as its library finds it.
        held: What `hold` has opened; None: each call of spread opens its own.
    """

    jobs: int | None = None
    backend: str = LOKY
    address: str = ""
    held: tuple[Parallel, int] | None = None

    @property
    def is_here(self) -> bool:
        """Whether all of it runs on this machine, and sees its files."""
        return self.backend == LOKY


class CoresError(Exception):
    """The work cannot be spread, or those who did it are gone; the message has the remedy."""


def choose_cores(jobs: int | None, backend: str, parts: int) -> Cores:
    """Say where work of so many parts runs, as the options say it.

    One part alone runs here, whatever is said, unless a cluster is.
    """
    name, _, address = backend.partition(":")
    if name not in BACKENDS:
        refuse(f"--backend: got {backend!r}, expected one of {', '.join(BACKENDS)}")
    if name == LOKY and address:
        refuse(f"--backend: {LOKY} is this machine, and has no address")
    if name == LOKY and parts <= 1:
        return Cores(1)
    return Cores(jobs, name, address)


def spread(
    work: Work[T, R], parts: Iterable[T], cores: Cores, advance: Callable[[int], None]
) -> Generator[R, None, None]:
    """Do the work of each part, and give back what came of it as soon as it is there.

    The order is that in which they end, so a caller that needs another must bring it about. Parts
    are taken from `parts` as they are needed, two for each job. A caller that stops early closes
    the iterator (`contextlib.closing`): those who work are ended at once.

    Args:
        work: What is to be done; pickled, as are parts and results.
        parts: What it is to be done to.
        cores: Where.
        advance: Told how many steps more are done, of STEPS for each part; by another thread.

    Raises:
        CoresError: The backend is not there, or a process that worked was ended.
    """
    if cores.backend == LOKY and cores.jobs == 1:
        for part in parts:
            with closing(_Bar(advance)) as bar:
                found = work(part, bar.reach)
            yield found
        return
    opened = _open_parallel(cores) if cores.held is None else nullcontext(cores.held)
    with _heed_end(), opened as (parallel, jobs), _Counts(advance) as counts:
        calls = _list_calls(work, parts, counts.path if cores.is_here else None)
        with closing(_run(parallel, calls, jobs)) as ended:
            for index, found in ended:
                counts.end(index)
                yield found


@contextmanager
def hold(cores: Cores) -> Iterator[Cores]:
    """Keep a cluster's workers from one call of spread to the next; those of loky stay anyhow.

    Raises:
        CoresError: The backend is not there.
    """
    if cores.is_here:
        yield cores
        return
    with _open_parallel(cores) as held:
        yield cores._replace(held=held)


class _Bar:
    """What a part says of itself, as steps."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._told = 0

    def reach(self, ratio: float) -> None:
        steps = min(max(int(ratio * STEPS), self._told), STEPS)
        self._advance(steps - self._told)
        self._told = steps

    def close(self) -> None:
        self.reach(1.0)


class _Counts:
    """A file with a number for each part, in which those who work write how far they are."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._folder = TemporaryDirectory(prefix="flyball-")
        self.path = Path(self._folder.name) / "steps"
        self.path.touch()
        self._advance = advance
        self._told = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._folder.cleanup()

    def end(self, index: int) -> None:
        """Count a part as done."""
        write_steps(self.path, index, 1.0)
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(SOON_S):
            self._look()

    def _look(self) -> None:
        with self._lock, suppress(OSError):
            numbers = array("I")
            found = self.path.read_bytes()
            numbers.frombytes(found[: len(found) // numbers.itemsize * numbers.itemsize])
            reached = sum(numbers)
            self._advance(reached - self._told)
            self._told = reached


def write_steps(path: Path, index: int, ratio: float) -> None:
    """Write into a file of counts how much of a part is done; no work fails for want of it."""
    number = array("I", [min(max(int(ratio * STEPS), 0), STEPS)])
    try:
        file = os.open(path, os.O_WRONLY)
    except OSError:  # who reads it has ended
        return
    try:
        with suppress(OSError):  # the disk is full
            os.pwrite(file, number.tobytes(), index * number.itemsize)
    finally:
        os.close(file)


def _list_calls(work: Work[T, R], parts: Iterable[T], path: Path | None) -> Iterator[Any]:
    from joblib import delayed

    for index, part in enumerate(parts):
        yield delayed(_do)(work, index, part, path)


def _do(work: Work[T, R], index: int, part: T, path: Path | None) -> tuple[int, R]:
    """Do one part, in the process of whoever works."""
    tell: Tell = _ignore if path is None else partial(write_steps, path, index)
    return index, work(part, tell)


def _ignore(_: float) -> None:
    """Tell nobody, who is on another machine."""


@contextmanager
def _open_parallel(cores: Cores) -> Iterator[tuple[Parallel, int]]:
    """Give what runs calls, and how many it is sent at once; 0: as it takes them."""
    from joblib import Parallel, cpu_count, parallel_config

    if cores.backend == LOKY:
        jobs = cpu_count() if cores.jobs is None else cores.jobs
        begin = _leave_interrupts
        yield Parallel(jobs, backend=LOKY, **LAZY, initializer=begin), 0
        return
    jobs = -1 if cores.jobs is None else cores.jobs
    _check_library(cores)
    if cores.backend == DASK:
        with _connect_dask(cores) as client, parallel_config(DASK, client=client):
            yield Parallel(jobs, **LAZY), 0
    else:
        with (
            _connect_ray(cores) as count,
            Parallel(jobs, backend=RAY, batch_size=1) as parallel,
        ):
            yield parallel, AHEAD * count


def _check_library(cores: Cores) -> None:
    try:
        if cores.backend == DASK:
            import distributed  # noqa: F401
        else:
            import ray.util.joblib  # noqa: F401
    except ImportError as error:
        library = "ray" if cores.backend == RAY else "'dask[distributed]'"
        message = f"--backend {cores.backend}: {error}; pip install {library}"
        raise CoresError(message) from error


@contextmanager
def _connect_dask(cores: Cores) -> Iterator[object]:
    from dask import config
    from distributed import Client

    address = cores.address or config.get("scheduler-address", None)
    here = {
        "n_workers": cores.jobs,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "silence_logs": logging.ERROR,  # that a worker was slow to end
    }
    try:
        client = Client(address) if address else Client(**here)
    except (OSError, ValueError) as error:
        raise CoresError(f"--backend dask: no scheduler at {address}: {error}") from error
    with client:
        yield client


@contextmanager
def _connect_ray(cores: Cores) -> Iterator[int]:
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    given = {"address": cores.address} if cores.address else {"num_cpus": cores.jobs}
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **given)
    except (ConnectionError, ValueError) as error:
        raise CoresError(f"--backend ray: no cluster at {cores.address}: {error}") from error
    try:
        yield cores.jobs or int(ray.cluster_resources()["CPU"])
    finally:
        ray.shutdown()


@contextmanager
def _heed_end() -> Iterator[None]:
    """Let SIGTERM end those who work too, as Ctrl-C does, where we may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave_interrupts() -> None:
    """Let Ctrl-C reach the one alone who asked for the work, who then ends those who do it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(parallel: Parallel, calls: Iterator[Any], at_once: int) -> Generator[Any, None, None]:
    """Give what came of each call, as soon as the backend gives it back."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        if not at_once:
            ended = parallel(calls)
            try:
                for each in ended:  # noqa: UP028  (it would hand on our end while warnings are on)
                    yield each
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # that some had not ended
                    ended.close()
            return
        while some := list(islice(calls, at_once)):
            yield from parallel(some)
    except BrokenProcessPool as error:
        raise CoresError(
            "a process that worked was ended, perhaps for want of memory: give fewer --jobs"
        ) from error
