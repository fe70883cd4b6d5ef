"""What happened to the capacity since the last look, in words?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.core.model import Deployed
from flyball.core.remember import Notice, Noticed
from flyball.report.plain import plain

NOTICES: Mapping[Notice, str] = {
    Notice.COMPLETED: "The change {before} → {after} is in service",
    Notice.ROLLED_BACK: "The provider went back from {before} to {after}",
    Notice.STALLED: "The change {before} → {after} is stalled: not all of it is in service",
    Notice.FOREIGN: "Somebody else changed the capacity {before} → {after}",
    Notice.CEILING_FOREIGN: "Somebody else changed the range's ceiling {before} → {after}",
    Notice.CEILING_ROLLED_BACK: (
        "The provider went back from a ceiling of {before} to one of {after}"
    ),
    Notice.PICKED: "The service changed what is in service {before} → {after} by its own choice",
    Notice.REDEPLOYED: (
        "Deployed model {deployed} is scaled from now on, in place of {replaced}: it came with a "
        "floor of {after}, and the one before was to have {before}"
    ),
}


def tell_noticed(noticed: Noticed) -> str:
    """Say what happened to the capacity since the last look."""
    return NOTICES[noticed.notice].format(
        before=f"{noticed.before:,}",
        after=f"{noticed.after:,}",
        replaced=_show(noticed.replaced),
        deployed=_show(noticed.deployed),
    )


def _show(deployed: Deployed | None) -> str:
    return "?" if deployed is None else plain(deployed.shown)
