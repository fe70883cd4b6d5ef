"""What would change in every home that a config names, and how is it done step by step?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.core.codec import canonical, parse
from flyball.core.model import History
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.compare import compare, flatten, order
from flyball.plan.model import (
    HAND_OVER,
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
    Survey,
    Verb,
    Wanted,
)
from flyball.plan.stale import base, seal
from flyball.ports import Claim, ItemUpdate, LeaseHeldError, Ledger, NewRow, TargetStatus

AT_ONCE = 8
LEASE = timedelta(seconds=30)
RETRY_S = 0.2


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
    """

    purpose: Purpose
    wanted: tuple[Wanted, ...]
    choices: Choices
    file: str
    engine: str


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
        named = [each for each in request.wanted if _target(each).home == home]
        survey = _survey(home, store, named, request, advance)
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
            Cost(*map(sum, zip(*costs, strict=True))) if costs else Cost(),
            base(wanted, found),
        )
    )


def carry_out(
    plan: Plan,
    stores: Mapping[str, Store],
    clock: Callable[[], datetime],
    token: str,
    patience: timedelta = LEASE,
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
        store, who = stores[change.home], change.scalable_target_id
        if change.kind is Kind.TARGET and change.verb is Verb.DELETE:
            store.ledger.retire(who, clock())
        elif change.kind is Kind.TARGET:
            store.ledger.register(*configs[who], clock())
        elif change.kind is Kind.NATIVE:
            _hand_over(store, change, clock, token, patience)
        elif store.home is not None:
            store.home.carry_out(change, clock())
        yield change


def homes_of(wanted: Sequence[Wanted]) -> dict[str, tuple[Wanted, ...]]:
    """Sort compiled targets by their home."""
    found: dict[str, tuple[Wanted, ...]] = {}
    for each in wanted:
        home = _target(each).home
        found[home] = (*found.get(home, ()), each)
    return found


def recall(ledger: Ledger, scalable_target_id: str) -> Mapping[str, str] | None:
    """Say how native scaling was before we suspended it; None: we did not."""
    rows = ledger.latest(1, scalable_target_id, HAND_OVER)
    if not rows:
        return None
    body = json.loads(rows[0].body)
    return dict(body["before"]) if body["verb"] == Verb.SUSPEND.value else None


def _survey(
    home: str,
    store: Store,
    named: Sequence[Wanted],
    request: Request,
    advance: Callable[[int], None],
) -> Survey:
    """Survey one home: its targets' items, and whatever its cloud has for them."""
    registered = set(store.ledger.scalable_target_ids())
    names = {each.id for each in named}
    strangers = sorted(registered - names)
    destroying = request.purpose is Purpose.DESTROY
    removed = strangers if request.choices.prune and not destroying else []
    known = [each.id for each in named if each.id in registered] + removed
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = {each.scalable_target_id: each for each in pool.map(store.ledger.status, known)}
    staying = [] if destroying else [_target(each) for each in named]
    leaving = [parse(ScalableTarget, statuses[each].config) for each in removed]
    if destroying:
        leaving = [_target(each) for each in named]
    wanted = [] if destroying else [_wanted_part(home, each) for each in named]
    found = [_found_part(home, statuses[each]) for each in known]
    checks = [*_look(home, strangers, request), *_look_at_quotas(staying, statuses)]
    if store.home is None:
        return Survey(wanted, found, checks)
    survey = store.home.survey(
        staying, leaving, request.choices, lambda each: recall(store.ledger, each), advance
    )
    return survey._replace(
        wanted=[*wanted, *survey.wanted],
        found=[*found, *survey.found],
        checks=[*checks, *survey.checks],
    )


def _target(wanted: Wanted) -> ScalableTarget:
    return parse(ScalableTarget, wanted.config)


def _wanted_part(home: str, wanted: Wanted) -> Part:
    fields = _fields(wanted.config, wanted.config_hash)
    return Part(Kind.TARGET, wanted.id, wanted.id, home, fields)


def _found_part(home: str, status: TargetStatus) -> Part:
    fields = _fields(status.config, status.config_hash)
    return Part(Kind.TARGET, status.scalable_target_id, status.scalable_target_id, home, fields)


def _fields(config: str, config_hash: str) -> dict[str, str]:
    content = {key: value for key, value in json.loads(config).items() if key != "id"}
    return {**flatten(content), "config_hash": config_hash}


def _look(home: str, strangers: Sequence[str], request: Request) -> Iterator[Check]:
    """Name what is registered and not named by the file."""
    if not strangers or request.purpose is Purpose.DESTROY:
        return
    some = ", ".join(strangers[:5]) + (" …" if len(strangers) > 5 else "")  # noqa: PLR2004  (a line)
    if request.choices.prune:
        text = f"removed, as {request.file} does not name them: {some}"
        yield Check(f"{home} targets", Level.WARN, text)
    else:
        text = f"registered, not in {request.file}, and kept: {some}"
        yield Check(f"{home} targets", Level.OK, text, "--prune removes them")


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


def _hand_over(
    store: Store, change: Change, clock: Callable[[], datetime], token: str, patience: timedelta
) -> None:
    """Suspend or resume native scaling while no wake is at work, and have the target looked at.

    How it was is written before it is suspended, and that it is resumed only once it is: so one
    that breaks off in between can be done again.
    """
    claim = _claim(store.ledger, change.scalable_target_id, clock, token, patience)
    body = {
        "verb": change.verb.value,
        "resource": change.name,
        "before": {each.name: each.before for each in change.fields},
        "after": {each.name: each.after for each in change.fields},
    }
    rows = [NewRow(HAND_OVER, clock(), canonical(body))]
    if change.verb is Verb.SUSPEND:
        claim, rows = store.ledger.write(claim, rows, ItemUpdate()), []
    if store.home is not None:
        store.home.carry_out(change, clock())
    store.ledger.write(claim, rows, ItemUpdate(wake_at=clock(), release=True))


def _claim(
    ledger: Ledger, who: str, clock: Callable[[], datetime], token: str, patience: timedelta
) -> Claim:
    ends = clock() + patience
    while True:
        now = clock()
        try:
            return ledger.claim(who, token, now, now + LEASE)
        except LeaseHeldError:
            if now >= ends:
                raise
            time.sleep(RETRY_S)
