"""How are many scalable targets backtested, on all cores, in the memory of a few?

Each is run whole by whoever works, and comes back without its minutes; that is kept in a file, and
read again when it is printed. One that fails stops nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.cores import Cores, CoresError, Tell, spread
from flyball.cli.failure import REFUSED, CommandError, complain, describe, refuse
from flyball.cli.recorded import choose_peers
from flyball.cli.results import Shelf, make_key
from flyball.cli.subjects import Item, Reading, Setting, make_subject, read_traffic

if TYPE_CHECKING:
    from flyball.report.fleet import Kept, Told
    from flyball.sim.backtest import Backtest
    from flyball.sim.trace import Trace


class Part(NamedTuple):
    """What one process is given.

    Attributes:
        place: Of the item.
        item: What is backtested.
        trace: Its traffic; None: it is read where it is run.
        reading: How it is read.
        setting: As for all.
        against: Who runs beside it, as it is typed.
        engine: The engine's version.
        is_whole: Give the minutes too.
    """

    place: int
    item: Item
    trace: Trace | None
    reading: Reading
    setting: Setting
    against: str
    engine: str
    is_whole: bool = False


class Ended(NamedTuple):
    """What a process gives back.

    Attributes:
        place: Of the item.
        kept: What came of it; None: it failed.
        whole: With its minutes, if these were asked for.
        error: Why it failed, for people.
        code: The exit code for that.
    """

    place: int
    kept: Kept | None = None
    whole: Backtest | None = None
    error: str = ""
    code: int = 0


class Failed(NamedTuple):
    """A scalable target that could not be backtested.

    Attributes:
        id: Its id.
        error: Why, for people.
        code: The exit code for that.
    """

    id: str
    error: str
    code: int


class Fleet(NamedTuple):
    """What became of all.

    Attributes:
        told: Of those that were run, in the config's order.
        failed: The others, as well.
        wholes: Those of which the minutes were asked for, by their id.
    """

    told: tuple[Told, ...]
    failed: tuple[Failed, ...]
    wholes: dict[str, Backtest]


class Call(NamedTuple):
    """What holds for the whole fleet.

    Attributes:
        reading: How traffic is read.
        setting: As for all.
        against: Who runs beside each, as it is typed.
        engine: The engine's version.
        cores: Where they run.
        shelf: Where results are kept.
        rename: Lets an error name the file that the user knows.
    """

    reading: Reading
    setting: Setting
    against: str
    engine: str
    cores: Cores
    shelf: Shelf
    rename: Callable[[str, Item], str]


class Runs:
    """The backtests of a fleet.

    Attributes:
        items: Which.
        fleet: What became of them, once they ran.
    """

    def __init__(self, items: Sequence[Item], call: Call, failed: Sequence[Failed] = ()) -> None:
        """Prepare them.

        Args:
            items: Which.
            call: How.
            failed: Those of which it is known before that they cannot be run.
        """
        self.items = items
        self._before = tuple(failed)
        self._call = call
        self._keys: dict[int, str] = {}
        self._told: dict[int, Told] = {}
        self._failed: dict[int, Failed] = {}
        self._wholes: dict[str, Backtest] = {}

    @property
    def fleet(self) -> Fleet:
        """What became of them, in the config's order."""
        told = tuple(self._told[index] for index in sorted(self._told))
        failed = tuple(self._failed[index] for index in sorted(self._failed))
        return Fleet(told, (*self._before, *failed), self._wholes)

    def run(self, *, whole: bool) -> Fleet:
        """Run all that is not kept already; with `whole` all, and give their minutes too."""
        left = self._take(whole=whole)
        if len(left) < len(self.items):
            done = len(self.items) - len(left) - len(self._failed)
            if done:
                complain(f"{done:,} of {len(self.items):,} were done before: {self._folder}")
        self._spread(left, whole=whole)
        return self.fleet

    def show(self, ids: Iterable[str]) -> list[Backtest]:
        """Give the minutes of some, which are run again if these were not asked for."""
        wanted = list(ids)
        missing = [
            index
            for index, item in enumerate(self.items)
            if item.target.id in wanted and item.target.id not in self._wholes
        ]
        self._spread(missing, whole=True)
        return [self._wholes[each] for each in wanted]

    def kept(self) -> Iterator[Kept]:
        """Read what is kept of each that was run, one after the other."""
        for index in sorted(self._told):
            yield self._call.shelf.read(self.items[index], self._keys[index])

    @property
    def _folder(self) -> str:
        return f"{self._call.shelf.folder}"

    def _take(self, *, whole: bool) -> list[int]:
        """Take what is kept; return what is left to do."""
        from flyball.cli import screen
        from flyball.report.fleet import tell

        call, left = self._call, []
        with screen.progress("Looking at what is done", len(self.items)) as advance:
            for index, item in enumerate(self.items):
                try:
                    key = make_key(item, call.reading, call.setting, call.against, call.engine)
                except OSError as error:
                    self._fail(index, describe(error)[0], REFUSED)
                    continue
                self._keys[index] = key
                kept = None if whole else call.shelf.take(item, key)
                if kept is None:
                    left.append(index)
                else:
                    self._told[index] = tell(kept)
                advance(1)
        return left

    def _spread(self, indices: Sequence[int], *, whole: bool) -> None:
        from flyball.cli import screen
        from flyball.cli.cores import STEPS

        total, ended = len(indices), 0
        if not total:
            return

        def say() -> str:
            return f"{ended:,} of {total:,}"

        parts = self._make_parts(indices, whole=whole)
        try:
            with (
                screen.progress("Backtesting", total * STEPS, estimates=True, beside=say) as tell,
                closing(spread(do, parts, self._call.cores, tell)) as results,
            ):
                for each in results:
                    self._end(each)
                    ended += 1
        except CoresError as error:
            refuse(f"{error}; {self._tell_rest()}")
        except (KeyboardInterrupt, CommandError):  # such as that no more can be kept
            complain(self._tell_rest())
            raise

    def _make_parts(self, indices: Sequence[int], *, whole: bool) -> Iterator[Part]:
        """Make what is sent out; a cluster may not see files, and is sent what they say."""
        call = self._call
        for index in indices:
            item, trace = self.items[index], None
            if not call.cores.is_here:
                try:
                    trace = read_traffic(item.file, call.reading, call.setting.seed)
                except Exception as error:  # noqa: BLE001  (one file stops no other)
                    self._fail(index, *describe(error))
                    continue
            yield Part(
                index, item, trace, call.reading, call.setting, call.against, call.engine, whole
            )

    def _end(self, ended: Ended) -> None:
        from flyball.report.fleet import tell

        item = self.items[ended.place]
        if ended.kept is None:
            self._fail(ended.place, ended.error, ended.code)
            return
        if ended.whole is not None:
            self._wholes[item.target.id] = ended.whole
        self._call.shelf.put(item, self._keys[ended.place], ended.kept)
        self._told[ended.place] = tell(ended.kept)

    def _fail(self, index: int, error: str, code: int) -> None:
        item = self.items[index]
        self._failed[index] = Failed(item.target.id, self._call.rename(error, item), code)

    def _tell_rest(self) -> str:
        done = len(self._told)
        return (
            f"{done:,} of {len(self.items):,} are done and kept in {self._folder}; "
            "the same command goes on with the others"
        )


def do(part: Part, tell: Tell) -> Ended:
    """Backtest one scalable target, in whichever process."""
    try:
        return _do(part, tell)
    except Exception as error:  # noqa: BLE001  (whatever it is, it stops no other)
        return Ended(part.place, error=_say(error), code=_rate(error))


def _do(part: Part, tell: Tell) -> Ended:
    from flyball.report.fleet import reduce
    from flyball.sim.backtest import backtest

    item, setting = part.item, part.setting
    trace = part.trace or read_traffic(item.file, part.reading, setting.seed)
    subject = make_subject(item.target, item.file, trace, item.capacity, setting)
    peers = choose_peers(part.against, item.target)
    slots, total = 0, len(subject.course.demand) * (1 + len(peers))

    def advance(more: int) -> None:
        nonlocal slots
        slots += more
        tell(slots / total)

    found = backtest(subject, peers, engine=part.engine, advance=advance)
    return Ended(part.place, reduce(found, peers), found if part.is_whole else None)


def _say(error: Exception) -> str:
    from flyball.report.plain import plain
    from flyball.sim.meaning import MeaningError

    if isinstance(error, ImportError):
        return plain(f"--against: {error}", 2_000)
    return plain(str(error), 2_000) if isinstance(error, MeaningError) else describe(error)[0]


def _rate(error: Exception) -> int:
    from flyball.sim.meaning import MeaningError

    return REFUSED if isinstance(error, (ImportError, MeaningError)) else describe(error)[1]
