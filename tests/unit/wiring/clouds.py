"""Against which cloud, with one alarm a target and native scaling, do tests carry plans out?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flyball.adapters.local.memory import MemoryLedger
from flyball.config.load import compile_target
from flyball.core.target import ScalableTarget
from flyball.plan.model import (
    HELD_FOR,
    Change,
    Check,
    Choices,
    Cost,
    Kind,
    Memory,
    Part,
    Plan,
    Purpose,
    Scope,
    Survey,
    Verb,
    Wanted,
)
from flyball.wiring.deploy import Request, Store, carry_out, draft
from tests.rig import T0, make_target

SUSPENDED = {"scale_in": "suspended"}
ACTIVE = {"scale_in": "active"}
NOTHING = Choices()
TAKE = Choices(take_over=True)


class BreakError(Exception):
    """The program was killed here."""


class RefusalError(Exception):
    """The cloud said no."""


@dataclass
class Cloud:
    """A home with one alarm a target, and native scaling; it may break at a call."""

    alarms: dict[str, str] = field(default_factory=dict)
    natives: dict[str, dict[str, str]] = field(default_factory=dict)
    breaks_in: int = 1_000_000
    suspended: Mapping[str, str] = field(default_factory=lambda: SUSPENDED)
    breaks_with: Exception = field(default_factory=BreakError)
    checks: tuple[Check, ...] = ()
    on_call: Callable[[], None] = lambda: None

    @property
    def place(self) -> Mapping[str, str]:
        """Say where."""
        return {"account": "1"}

    def key(self, target: ScalableTarget) -> str:
        """Name its resource; without one, itself."""
        return target.resource.get("endpoint", target.id)

    def survey(
        self,
        scope: Scope,
        choices: Choices,
        memory: Memory,
        now: datetime,  # noqa: ARG002
        advance: Callable[[int], None],
    ) -> Survey:
        """Find what it has."""
        advance(len(scope.staying))
        names = {each.id for each in (*scope.staying, *scope.leaving)}
        wanted = [_alarm(each.id, str(each.max_capacity)) for each in scope.staying]
        found = [_alarm(name, text) for name, text in self.alarms.items() if name in names]
        for target in scope.staying:
            key = self.key(target)
            if choices.take_over and key in self.natives:
                found.append(_native(key, self.natives[key], target.id))
                wanted.append(_native(key, self.suspended, target.id))
            elif (old := memory.holder(key)) is not None:
                state = self.natives[key]
                found.append(_native(key, {**state, HELD_FOR: old}, target.id))
                wanted.append(_native(key, {**state, HELD_FOR: target.id}, target.id))
        for target in scope.leaving if choices.hand_back else ():
            for key, held in memory.held(target.id).items():
                if target.id not in scope.moves.values() and self.natives[key] == SUSPENDED:
                    found.append(_native(key, SUSPENDED, target.id))
                    wanted.append(_native(key, held.before, target.id))
        return Survey(wanted, found, self.checks, Cost(len(wanted), 0.1, 0.2))

    def is_refusal(self, error: BaseException) -> bool:
        """Say whether it refused for certain."""
        return isinstance(error, RefusalError)

    def carry_out(self, change: Change, now: datetime) -> None:  # noqa: ARG002
        """Do it, or break."""
        self.on_call()
        self.breaks_in -= 1
        if not self.breaks_in:
            raise self.breaks_with
        if change.kind is Kind.NATIVE:
            self.natives[change.name] |= {each.name: str(each.after) for each in change.fields}
        elif change.verb is Verb.DELETE:
            del self.alarms[change.name]
        else:
            self.alarms[change.name] = str(change.fields[0].after)


def _alarm(name: str, text: str) -> Part:
    return Part(Kind.ALARM, name, name, "aws", {"Threshold": text})


def _native(name: str, state: Mapping[str, str], whose: str) -> Part:
    return Part(Kind.NATIVE, name, whose, "aws", state)


def compiled(*names: str, high: int = 20) -> tuple[Wanted, ...]:
    """Compile targets of AWS."""
    return tuple(
        Wanted(*compile_target(make_target(name, high=high, home="aws"))) for name in names
    )


def make(
    ledger: MemoryLedger,
    cloud: Cloud,
    *names: str,
    high: int = 20,
    purpose: Purpose = Purpose.APPLY,
    choices: Choices = NOTHING,
) -> Plan:
    """Draft a plan."""
    request = Request(purpose, compiled(*names, high=high), choices, "flyball.yaml", "flyball/0")
    return draft(request, {"aws": Store(ledger, cloud)}, T0)


def do(ledger: MemoryLedger, cloud: Cloud, plan: Plan) -> list[Change]:
    """Carry a plan out."""
    return list(carry_out(plan, {"aws": Store(ledger, cloud)}, lambda: T0, "token"))


def make_of(
    ledger: MemoryLedger,
    cloud: Cloud,
    targets: Sequence[ScalableTarget],
    choices: Choices = NOTHING,
) -> Plan:
    """Draft a plan of targets of one's own."""
    wanted = tuple(Wanted(*compile_target(each)) for each in targets)
    request = Request(Purpose.APPLY, wanted, choices, "flyball.yaml", "flyball/0")
    return draft(request, {"aws": Store(ledger, cloud)}, T0)


def taken() -> tuple[MemoryLedger, Cloud]:
    """Give a target `a` whose native scaling was taken over."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a", choices=TAKE))
    return ledger, cloud
