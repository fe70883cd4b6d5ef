"""Which commands does a test of planning call, and what do they leave?"""

from __future__ import annotations

from tests.aws.account import look
from tests.aws.conftest import Store
from tests.unit.cli.commands import Done, flyball

HIGH, LOW = "flyball/churn/invocations/high", "flyball/churn/invocations/low"


def plan(*options: str) -> Done:
    """Plan the config."""
    return flyball("plan", "--config", "flyball.yaml", *options)


def apply(*options: str) -> Done:
    """Apply the config."""
    return flyball("apply", "--config", "flyball.yaml", "--yes", *options)


def take_over(store: Store, *options: str) -> Done:
    """Bring the config into force, have it looked at, and take over."""
    done = apply(*options)
    assert done.code == 0, done
    for each in store.ledger.scalable_target_ids():
        look(store.ledger, each)
    return apply("--take-over", *options)


def destroy(*options: str) -> Done:
    """Remove what the config made."""
    return flyball("destroy", "--config", "flyball.yaml", "--yes", *options)


def verbs(done: Done) -> list[tuple[str, str]]:
    """List the changes of a plan's JSON."""
    return [(each["verb"], each["name"]) for each in done.json["plan"]["changes"]]
