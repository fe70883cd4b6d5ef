"""What does a study have to know of a cloud to count a month there, and to price it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from flyball.core.target import ScalableTarget
from flyball.cost.month import Month
from flyball.cost.usage import Usage
from flyball.price import Prices
from flyball.wiring.aws import check_sdk
from flyball.wiring.stack import AWS


class Rivals(NamedTuple):
    """What scaling the same costs otherwise, dollars a month.

    Attributes:
        polling: The metric reads alone of whoever reads each policy's metric every minute.
        native: What the cloud's own scaling is charged by.
    """

    polling: float
    native: float


class Cloud(NamedTuple):
    """One cloud.

    Attributes:
        home: Of its scalable targets.
        package: Of its adapters, beside which its prices are.
        groups: What is charged, by what people ask for.
        native: What its own scaling is called.
        read_prices: Reads its table, with what a file replaces.
        month: Makes a month: targets, demands, start, usage and prices, then as Month.
        charge_alarms: Charges the alarms of targets that are there all month.
        complete: Adds to what was counted what follows from it.
        stand: Charges what a deployment costs a month by being there.
        price_rivals: Prices what others would read or keep for the same policies.
    """

    home: str
    package: str
    groups: Mapping[str, tuple[str, ...]]
    native: str
    read_prices: Callable[[Path | None], Prices]
    month: Callable[..., Month]
    charge_alarms: Callable[[Usage, Sequence[ScalableTarget], Prices], None]
    complete: Callable[[Usage, Prices], Mapping[str, float]]
    stand: Callable[[Usage, Prices], None]
    price_rivals: Callable[[Sequence[ScalableTarget], Prices], Rivals]

    def bill(self, amounts: Mapping[str, float], prices: Prices) -> dict[str, float]:
        """Price amounts by group, dollars; groups without a charge are left out."""
        found = {
            group: prices.usd({name: amounts[name] for name in names if name in amounts})
            for group, names in self.groups.items()
        }
        return {group: usd for group, usd in found.items() if usd}


def find_cloud(home: str) -> Cloud:
    """Load what is known of a home, one of CLOUDS.

    Raises:
        SettingsError: What a month there needs is not installed; nothing of Google's is needed.
    """
    if home == AWS:
        check_sdk()
    found: Cloud = getattr(import_module(f"flyball.cost.{home}"), home.upper())
    return found
