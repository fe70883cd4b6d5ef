"""Do the ledgers do what a ledger of a few lines does, whatever is asked of them in any order?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.core.chain import verify
from flyball.ports import (
    Claim,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    LedgerError,
    NewRow,
    UnknownTargetError,
)

T = TypeVar("T")

T0 = datetime(2026, 11, 21, tzinfo=UTC)
TARGETS = st.sampled_from(["a", "b"])
HOLDERS = st.sampled_from(["x", "y", "z"])
SECONDS = st.sampled_from([-30, 0, 1, 30, 60]).map(lambda n: timedelta(seconds=n))
"""Few, so that instants meet: a lease ends exactly when somebody asks."""
UPDATES = st.builds(
    ItemUpdate,
    history=st.none() | st.sampled_from(['{"desired":1}', '{"desired":2}']),
    pending=st.none() | st.booleans(),
    seen=st.none() | st.sampled_from(['{"s":1}', '{"s":2}']),
    wake_at=st.none() | SECONDS.map(lambda wait: T0 + wait),
    release=st.booleans(),
)


@dataclass
class Item:
    """What the model remembers of a target."""

    generation: int = 0
    config_hash: str = ""
    holder: str | None = None
    until: datetime = T0
    pending: int | None = None
    wake_at: datetime = T0
    seen: str = "{}"
    history: str = "{}"
    rows: list[str] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """A model, a ledger in memory and one in a file, asked the same."""

    claims: Bundle[Claim] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.memory: Ledger = MemoryLedger()
        self.sqlite: Ledger = SqliteLedger(self.folder / "ledger.db")
        self.model: dict[str, Item] = {}
        self.now = T0

    def both(self, ask: Callable[[Ledger], T]) -> T | type[LedgerError]:
        """Ask both ledgers, who must agree also in what they refuse."""
        answers = [answer(ask, ledger) for ledger in (self.memory, self.sqlite)]
        assert answers[0] == answers[1]
        return answers[0]

    @rule(wait=SECONDS)
    def let_time_pass(self, wait: timedelta) -> None:
        """Move the clock, sometimes back."""
        self.now += wait

    @rule(name=TARGETS, config_hash=st.sampled_from(["h1", "h2", "h3"]))
    def register(self, name: str, config_hash: str) -> None:
        """Create an item, change its config, or repeat it."""
        item = self.model.setdefault(name, Item())
        if item.config_hash != config_hash:
            item.generation += 1
            item.config_hash, item.wake_at = config_hash, self.now
            item.rows.append("config")
        config = f'{{"hash":"{config_hash}"}}'
        given = self.both(lambda ledger: ledger.register(name, config, config_hash, self.now))
        assert given == item.generation

    @rule(target=claims, name=TARGETS, holder=HOLDERS, lasts=st.sampled_from([1, 30, 60]))
    def claim(self, name: str, holder: str, lasts: int) -> Claim | MultipleResults[Claim]:
        """Take a lease, or be turned away."""
        until = self.now + timedelta(seconds=lasts)
        given = self.both(lambda ledger: ledger.claim(name, holder, self.now, until))
        item = self.model.get(name)
        if item is None:
            assert given is UnknownTargetError
            return multiple()
        if item.holder not in (None, holder) and item.until > self.now:
            assert given is LeaseHeldError
            return multiple()
        item.holder, item.until = holder, until
        assert isinstance(given, Claim)
        assert (given.generation, given.sequence) == (item.generation, len(item.rows))
        assert (given.history, given.seen) == (item.history, item.seen)
        assert (given.wake_at, given.lease_until) == (item.wake_at, until)
        return given

    @rule(
        target=claims,
        claim=claims,
        kinds=st.lists(st.sampled_from(["decision", "outcome", "foreign"]), max_size=3),
        update=UPDATES,
    )
    def write(
        self, claim: Claim, kinds: list[str], update: ItemUpdate
    ) -> Claim | MultipleResults[Claim]:
        """Append rows with a claim that is new, old, overtaken or used up."""
        if not kinds and update.pending:
            update = update._replace(pending=None)
        rows = [NewRow(kind, self.now, f'{{"n":{n}}}') for n, kind in enumerate(kinds)]
        given = self.both(lambda ledger: ledger.write(claim, rows, update))
        item = self.model[claim.scalable_target_id]
        known = (item.holder, item.generation, len(item.rows))
        if known != (claim.token, claim.generation, claim.sequence):
            assert given is LeaseLostError
            return multiple()
        item.rows += kinds
        item.history = update.history or item.history
        item.seen = update.seen or item.seen
        item.wake_at = update.wake_at or item.wake_at
        item.holder = None if update.release else item.holder
        if update.pending is not None:
            item.pending = len(item.rows) if update.pending else None
        assert isinstance(given, Claim)
        return given

    @rule(limit=st.integers(0, 3), wait=SECONDS)
    def ask_who_is_due(self, limit: int, wait: timedelta) -> None:
        """Earliest first, and by name within an instant."""
        now = self.now + wait
        given = self.both(lambda ledger: list(ledger.due(now, limit)))
        due = sorted((item.wake_at, name) for name, item in self.model.items())
        assert given == [(name, at) for at, name in due if at <= now][:limit]

    @rule(
        limit=st.integers(0, 9),
        name=st.none() | TARGETS,
        kind=st.none() | st.sampled_from(["config", "decision"]),
    )
    def ask_for_the_latest(self, limit: int, name: str | None, kind: str | None) -> None:
        """Newest first."""
        given = self.both(lambda ledger: list(ledger.latest(limit, name, kind)))
        assert isinstance(given, list)
        if name is not None:
            rows = self.model.get(name, Item()).rows
            wanted = [n for n, each in enumerate(rows, 1) if kind in (None, each)]
            assert [row.sequence for row in given] == wanted[::-1][:limit]

    @rule()
    def restart(self) -> None:
        """Open the file again, as another program would."""
        self.sqlite.close()
        self.sqlite = SqliteLedger(self.folder / "ledger.db")

    @invariant()
    def items_are_as_modelled(self) -> None:
        """Both ledgers agree with the model after every step."""
        assert self.both(lambda ledger: list(ledger.scalable_target_ids())) == sorted(self.model)
        for name, item in self.model.items():
            status = self.memory.status(name)
            assert self.sqlite.status(name) == status
            assert (status.generation, status.config_hash) == (item.generation, item.config_hash)
            assert (status.wake_at, status.history) == (item.wake_at, item.history)
            assert status.lease_until == (item.until if item.holder else None)
            assert status.sequence == len(item.rows)
            assert (status.pending is None) == (item.pending is None)

    def check_chains(self) -> None:
        """Both ledgers hold the same rows, as modelled, in a chain that is whole."""
        for name, item in self.model.items():
            status = self.memory.status(name)
            rows = list(self.memory.rows(name))
            assert list(self.sqlite.rows(name)) == rows
            assert status.pending == (rows[item.pending - 1].id if item.pending else None)
            assert [row.kind for row in rows] == item.rows
            assert [row.sequence for row in rows] == list(range(1, status.sequence + 1))
            assert list(verify(rows, head=status.head, sequence=status.sequence)) == []
            assert [self.memory.row(row.id) for row in rows] == rows
            assert [self.sqlite.row(row.id) for row in rows] == rows

    def teardown(self) -> None:
        """Look at the whole once more, and remove the file."""
        self.check_chains()
        self.memory.close()
        self.sqlite.close()
        shutil.rmtree(self.folder)


def answer(ask: Callable[[Ledger], T], ledger: Ledger) -> T | type[LedgerError]:
    """Ask one ledger; a refusal is an answer."""
    try:
        return ask(ledger)
    except LedgerError as error:
        return type(error)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=40)
