"""Which other deployment of Flyball looks after the same resource, and is it in charge there?

Two stages in one project know nothing of each other but by their alert policies: the labels name
the deployment and the scalable target, the filter of a condition the resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.labels import read_labels
from flyball.adapters.gcp.session import Session
from flyball.core.codec import parse
from flyball.core.target import ScalableTarget
from flyball.meter import Site, find_site
from flyball.plan.rivals import Rival
from flyball.ports import UnknownTargetError

WHAT = "prefix"
"""By which a deployment is named: it is also the name of its database."""
ReadTarget = Callable[[Rival], ScalableTarget | None]
"""Reads a target of another deployment; None: it is not in force."""
_TERM = re.compile(r'((?:metric|resource)\.(?:type|labels?\.[a-z_]+)) = "([^"]*)"')


def find_rivals(
    policies: Iterable[Mapping[str, Any]],
    targets: Sequence[ScalableTarget],
    prefix: str,
) -> Iterator[Rival]:
    """Find the targets of other deployments that are on the resources of ours.

    Args:
        policies: The project's alert policies, whoever made them.
        targets: Ours, which all name a resource.
        prefix: First part of our alarms' names.
    """
    seen: set[Rival] = set()
    for policy in policies:
        try:
            labelled = read_labels(policy.get("user_labels", {}))
        except ValueError:
            continue  # whose it is nobody knows, which is said elsewhere
        if labelled is None or not labelled.side or labelled.prefix in ("", prefix):
            continue
        for target in targets:
            if _is_on(policy, target):
                rival = Rival(labelled.prefix, labelled.scalable_target_id, target.id)
                if rival not in seen:
                    seen.add(rival)
                    yield rival


def make_reader(session: Session, project: str) -> ReadTarget:
    """Make what reads a target of another deployment as it is in force, by that one's database."""

    def read_target(rival: Rival) -> ScalableTarget | None:
        ledger = FirestoreLedger(session, project, database=rival.deployment)
        try:
            status = ledger.status(rival.id)
        except UnknownTargetError:
            return None
        return parse(ScalableTarget, status.config) if status.config_hash else None

    return read_target


def _is_on(policy: Mapping[str, Any], target: ScalableTarget) -> bool:
    """Say whether a condition of a policy may be about a target's resource, in any project."""
    for condition in policy.get("conditions", ()):
        given = condition.get("condition_threshold", {}).get("filter", "")
        terms = dict(_TERM.findall(given))
        site = find_site(terms.get("metric.type", ""))
        if site is not None and _fits(terms, site, target):
            return True
    return False


def _fits(terms: Mapping[str, str], site: Site, target: ScalableTarget) -> bool:
    """Hold the labels of a filter against a resource; what one of them leaves out is any."""
    for path, key in site.labels.items():
        theirs, ours = terms.get(path, ""), target.resource.get(key, "")
        either = key in site.optional and not (theirs and ours)
        if theirs != ours and not either:
            return False
    return True
