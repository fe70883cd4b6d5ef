"""Which deployed model does each scalable target on Vertex AI mean, as far as its file says?

Deployed models get new ids when they are deployed again, so it matters by what one is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyball.core.target import ScalableTarget

SHOWN = 3
"""Targets that are named in a line."""
FOLLOWED = (
    "of several, the one with the most traffic is scaled; another then gets the floor of that one"
)
WAYS: Mapping[str, str] = {
    "model": f"by its model: {FOLLOWED}",
    "": f"not named: {FOLLOWED}",
    "deployed_model": (
        "by its id: a redeploy gives another id, and then nothing is scaled; name model instead"
    ),
}
"""By the key of the resource that names it, what that means."""


def tell_deployed(targets: Sequence[ScalableTarget]) -> list[str]:
    """Say by what deployed models are named: a line for each way, whose they are first."""
    found: dict[str, list[str]] = {}
    for target in targets:
        if target.home == "gcp" and "endpoint" in target.resource:
            named = [way for way in WAYS if way and target.resource.get(way)]
            found.setdefault("".join(named[:1]), []).append(target.id)
    return [f"{_name(found[way])}: deployed model {WAYS[way]}" for way in WAYS if way in found]


def _name(ids: Sequence[str]) -> str:
    more = len(ids) - SHOWN
    return ", ".join(ids[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
