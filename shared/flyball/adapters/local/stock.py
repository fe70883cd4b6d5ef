"""What has the provider of simulated endpoints to give?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flyball.adapters.local.timeline import Fate


class Stock(NamedTuple):
    """What the provider has to give just now.

    Attributes:
        instances: It has no machines beyond this many; None: enough.
        fate: What then becomes of an order that wants more.
        until: When there are enough again, where that is known.
    """

    instances: int | None = None
    fate: Fate = Fate.ROLLS_BACK
    until: datetime | None = None
