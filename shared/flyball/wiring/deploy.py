"""What would change in every home that a config names, and how is it done step by step?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.core.codec import canonical, parse
from flyball.core.model import History
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.compare import compare, flatten, order
from flyball.plan.model import (
    Change,
    Check,
    Choices,
    Cost,
    Home,
    Kind,
    Level,
    Part,
    Plan,
    PlanError,
    Purpose,
    Scope,
    Survey,
    Verb,
    Wanted,
)
from flyball.plan.stale import base, seal
from flyball.ports import Ledger, TargetStatus
from flyball.wiring.charge import (
    PATIENCE,
    Bench,
    Records,
    hand_over,
    move_held,
    move_target,
    replaced_by,
)

AT_ONCE = 8
SHOWN = 5
"""Most names on a line."""


class Store(NamedTuple):
    """A home's ledger, and its cloud; None: there is nothing but the ledger."""

    ledger: Ledger
    home: Home | None = None


class Request(NamedTuple):
    """What a plan is asked for.

    Attributes:
        purpose: To apply or to destroy.
        wanted: The compiled targets.
        choices: What the user decided.
        file: The config's, as it was named.
        engine: Who plans.
        sweeps: Look also for what is left of targets that nobody names any more.
    """

    purpose: Purpose
    wanted: tuple[Wanted, ...]
    choices: Choices
    file: str
    engine: str
    sweeps: bool = True


def draft(
    request: Request,
    stores: Mapping[str, Store],
    now: datetime,
    advance: Callable[[int], None] = lambda _: None,
) -> Plan:
    """Find what is there in every home, and say what would change.

    Raises:
        LedgerError: A ledger cannot be read.
    """
    wanted: list[Part] = []
    found: list[Part] = []
    checks: list[Check] = []
    costs: list[Cost] = []
    for home, store in stores.items():
        survey = _survey(home, store, request, now, advance)
        wanted += survey.wanted
        found += survey.found
        checks += survey.checks
        costs.append(survey.cost)
    changes, unchanged = compare(wanted, found)
    return seal(
        Plan(
            request.purpose,
            now,
            request.file,
            request.engine,
            {name: {} if each.home is None else each.home.place for name, each in stores.items()},
            request.wanted,
            request.choices,
            order(changes),
            unchanged,
            tuple(checks),
            _add(costs),
            base(wanted, found),
        )
    )


def carry_out(
    plan: Plan,
    stores: Mapping[str, Store],
    clock: Callable[[], datetime],
    token: str,
    patience: timedelta = PATIENCE,
) -> Iterator[Change]:
    """Make a fresh plan's changes one by one; broken off anywhere, the next plan has the rest.

    Args:
        plan: As `draft` made it from these stores just now.
        stores: By home.
        clock: Gives now.
        token: A lease's, for what is recorded.
        patience: How long to wait for a wake that is at work.

    Yields:
        Each change, once it is made.

    Raises:
        PlanError: The plan has problems; nothing was changed.
        LedgerError: A ledger cannot be written.
    """
    if plan.problems:
        raise PlanError(f"the plan has {len(plan.problems)} problems; nothing was changed")
    configs = {each.id: each for each in plan.wanted}
    for change in plan.changes:
        store = stores[change.home]
        bench = Bench(store.ledger, clock, token, patience)
        match change.kind, change.verb:
            case Kind.TARGET, Verb.DELETE:
                store.ledger.retire(change.scalable_target_id, clock())
            case Kind.TARGET, Verb.MOVE:
                wanted = configs[change.scalable_target_id]
                move_target(bench, store.home, replaced_by(change), wanted)
            case Kind.TARGET, _:
                store.ledger.register(*configs[change.scalable_target_id], clock())
            case Kind.NATIVE, Verb.MOVE:
                move_held(bench, change)
            case Kind.NATIVE, _:
                hand_over(bench, store.home, change)
            case _ if store.home is not None:
                store.home.carry_out(change, clock())
        yield change


def homes_of(wanted: Sequence[Wanted]) -> dict[str, tuple[Wanted, ...]]:
    """Sort compiled targets by their home."""
    found: dict[str, tuple[Wanted, ...]] = {}
    for each in wanted:
        home = _target(each).home
        found[home] = (*found.get(home, ()), each)
    return found


def _survey(
    home: str,
    store: Store,
    request: Request,
    now: datetime,
    advance: Callable[[int], None],
) -> Survey:
    """Survey one home: its targets' items, and whatever its cloud has for them."""
    named = {each.id: each for each in request.wanted if _target(each).home == home}
    registered = store.ledger.scalable_target_ids()
    strangers = [each for each in registered if each not in named]
    destroying = request.purpose is Purpose.DESTROY
    removed = strangers if request.choices.prune else []
    if destroying:
        removed = [*(each for each in named if each in registered), *removed]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = {each.scalable_target_id: each for each in pool.map(_status(store), registered)}
    scope = _cast(store, named, removed, statuses, destroying=destroying)
    if request.sweeps and not request.choices.targets:
        scope = scope._replace(known=frozenset({*registered, *(e.id for e in request.wanted)}))
    kept = [each for each in strangers if each not in removed and not request.choices.targets]
    touched = [*(each for each in named if each in statuses), *removed]
    wanted = [] if destroying else [_wanted_part(home, each, scope) for each in named.values()]
    found = [_found_part(home, statuses[each]) for each in dict.fromkeys(touched)]
    gone = [each for each in removed if each not in {*named, *scope.moves.values()}]
    checks = [
        *_look(home, kept, gone, request),
        *_look_elsewhere(home, scope, request),
        *_look_at_quotas(scope.staying, statuses),
    ]
    if store.home is None:
        return Survey(wanted, found, checks)
    survey = store.home.survey(scope, request.choices, Records(store.ledger), now, advance)
    return survey._replace(
        wanted=[*wanted, *survey.wanted],
        found=[*found, *survey.found],
        checks=[*checks, *survey.checks],
    )


def _status(store: Store) -> Callable[[str], TargetStatus]:
    return store.ledger.status


def _cast(
    store: Store,
    named: Mapping[str, Wanted],
    removed: Sequence[str],
    statuses: Mapping[str, TargetStatus],
    *,
    destroying: bool,
) -> Scope:
    """Say who stays, who goes, and who takes whose place on a resource."""
    now = {name: found for name, each in statuses.items() if (found := _read(each)) is not None}
    staying = [] if destroying else [_target(each) for each in named.values()]
    leaving = [now[each] for each in removed if each in now]
    if destroying:  # alarms may be left of what was never registered, or is not any more
        leaving += [_target(each) for each in named.values() if each.id not in now]
    stays = {each.id for each in staying}
    goes = {each.id for each in leaving}
    others = [each for name, each in now.items() if name not in stays | goes]
    moves = {} if store.home is None else _find_moves(store.home, staying, leaving)
    return Scope(staying, leaving, others, now, moves)


def _find_moves(
    home: Home, staying: Sequence[ScalableTarget], leaving: Sequence[ScalableTarget]
) -> dict[str, str]:
    """Find which of those that stay comes in the place of which that goes: on its resource.

    One that only advises takes nobody's place.
    """
    places = {key: each.id for each in leaving if (key := home.key(each))}
    moves: dict[str, str] = {}
    for target in staying:
        old = places.pop(home.key(target), None) if target.mode is Mode.APPLY else None
        if old is not None:
            moves[target.id] = old
    return moves


def _read(status: TargetStatus) -> ScalableTarget | None:
    """Read a config that is in force; None: this version cannot."""
    try:
        return parse(ScalableTarget, status.config)
    except ValueError:
        return None


def _add(costs: Sequence[Cost]) -> Cost:
    return Cost(
        sum(each.alarms for each in costs),
        sum(each.before for each in costs),
        sum(each.after for each in costs),
        {name: price for each in costs for name, price in each.each.items()},
        sum(each.jobs for each in costs),
        tuple(free for each in costs for free in each.free),
    )


def _target(wanted: Wanted) -> ScalableTarget:
    return parse(ScalableTarget, wanted.config)


def _wanted_part(home: str, wanted: Wanted, scope: Scope) -> Part:
    fields = _fields(wanted.config, wanted.config_hash)
    replaces = scope.moves.get(wanted.id, "")
    return Part(Kind.TARGET, wanted.id, wanted.id, home, fields, replaces)


def _found_part(home: str, status: TargetStatus) -> Part:
    fields = _fields(status.config, status.config_hash)
    return Part(Kind.TARGET, status.scalable_target_id, status.scalable_target_id, home, fields)


def _fields(config: str, config_hash: str) -> dict[str, str]:
    content = {key: value for key, value in json.loads(config).items() if key != "id"}
    return {**flatten(content), "config_hash": config_hash}


def _look(home: str, kept: Sequence[str], gone: Sequence[str], request: Request) -> Iterator[Check]:
    """Name what is registered and not named by the file."""
    if gone:
        text = f"removed, as {request.file} does not name them: {_name_some(gone)}"
        yield Check(f"{home} targets", Level.WARN, text)
    if kept and not request.choices.targets:
        option = "--all" if request.purpose is Purpose.DESTROY else "--prune"
        text = f"registered, not in {request.file}, and kept: {_name_some(kept)}"
        yield Check(f"{home} targets", Level.OK, text, f"{option} removes them")


def _look_elsewhere(home: str, scope: Scope, request: Request) -> Iterator[Check]:
    """Name what goes on here while the file has it, or its resource, in another home."""
    if request.purpose is Purpose.DESTROY:
        return
    moved = [each for each in map(_target, request.wanted) if each.home != home]
    places = {canonical(each.resource): each for each in moved if each.resource}
    ids = {each.id: each for each in moved}
    for other in scope.others:
        target = ids.get(other.id) or places.get(canonical(other.resource))
        if target is not None:
            text = (
                f"{request.file} has it in {target.home}, and {other.id} goes on in {home} as it "
                "is in force there"
            )
            yield Check("home", Level.WARN, text, "--prune removes it there", target.id)


def _name_some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def _look_at_quotas(
    staying: Sequence[ScalableTarget], statuses: Mapping[str, TargetStatus]
) -> Iterator[Check]:
    """Name bounds above a quota that was learned by a refusal."""
    for target in staying:
        status = statuses.get(target.id)
        quota = None if status is None else parse(History, status.history).quota
        if quota is not None and quota.capacity < target.max_capacity:
            text = f"max_capacity is {target.max_capacity}, and the quota was {quota.capacity}"
            level = Level.OK if target.mode is Mode.ADVISE else Level.WARN
            yield Check("quota", level, text, "ask for a higher quota", target.id)
