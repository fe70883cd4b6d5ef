"""How does native scaling become a flyball.yaml, with nothing lost in silence?"""

from __future__ import annotations

import json as json_
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flyball.cli.deployment import Region
from flyball.cli.failure import FOUND, complain, refuse
from flyball.cli.options import Json

if TYPE_CHECKING:
    from flyball.adapters.aws.adoption import Adopted, Adoption
    from flyball.adapters.aws.clients import Clients
    from flyball.config.problem import Problem
    from flyball.report.adopted import Entry

DEFAULTS = {"home": "aws", "profile": "aws", "mode": "advise"}


def group() -> None:
    """Take over native scaling as a flyball.yaml."""


def aws(
    endpoint: Annotated[
        list[str] | None,
        typer.Option("--endpoint", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
    group_: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="NAME", help="An EC2 Auto Scaling group; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to stdout.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also over a file that is there.")
    ] = False,
    region: Region = None,
    json: Json = False,
) -> None:
    """Read native auto scaling into a flyball.yaml; nothing is changed.

    Scaling policies, their alarms' thresholds and scheduled actions: of all of SageMaker's endpoint
    variants and inference components, or of what is named. What is left out stands in the file as
    a comment with its reason. It begins in mode advise. Exit code 1 if there is nothing to take
    over.
    """
    from flyball.cli import screen
    from flyball.report.adopted import write_adopted
    from flyball.report.figures import counted
    from flyball.report.plain import plain
    from flyball.wiring.stack import make_clients

    if out is not None and out.exists() and not overwrite:
        refuse(f"{out}: there is such a file already; say --overwrite, or name another with --out")
    with screen.progress("Reading native auto scaling", None) as advance:
        adoption = _adopt(make_clients(region), endpoint or (), group_ or (), advance)
        entries = [_sift(each) for each in adoption.targets]
    comments = [f"Left out: {each.name}: {each.reason}" for each in adoption.left_out]
    if json:
        screen.say_json(_as_json(adoption, entries, comments))
    elif entries:
        text = write_adopted(entries, comments, "flyball.yaml" if out is None else str(out))
        if out is None:
            screen.say(text.rstrip("\n"))
        else:
            out.write_text(text, encoding="utf-8")
            screen.say(f"{out}: {counted(len(entries), 'scalable target')}, in mode advise")
    left_out = sum(len(each.comments) for each in entries) + len(comments)
    if left_out and not json:
        complain(f"{counted(left_out, 'remark')}, as comments in the file")
    if not entries:
        for each in comments:
            complain(plain(each, 1_000))
        complain("no native auto scaling was found; is it another region or account?")
        raise typer.Exit(FOUND)


def _adopt(
    clients: Clients,
    endpoints: Sequence[str],
    groups: Sequence[str],
    advance: Callable[[int], None],
) -> Adoption:
    """Read what is named; of nothing named, all of SageMaker's."""
    from flyball.adapters.aws.adoption import Adoption, adopt
    from flyball.adapters.aws.groups import adopt_groups

    found, gone = adopt_groups(clients, groups)
    if groups and not endpoints:
        return Adoption(tuple(found), tuple(gone))
    sagemaker = adopt(clients, endpoints, advance)
    return Adoption((*sagemaker.targets, *found), (*sagemaker.left_out, *gone))


def _sift(adopted: Adopted) -> Entry:
    """Keep what flyball.yaml takes; each policy is tried by itself, so that one spoils no other."""
    from flyball.report.adopted import Entry

    comments = [f"Left out: {each.name}: {each.reason}" for each in adopted.left_out]
    comments += adopted.remarks
    content: dict[str, Any] = {
        "id": adopted.id,
        "resource": dict(adopted.resource),
        "min_capacity": adopted.min_capacity,
        "max_capacity": adopted.max_capacity,
    }
    kept: list[Mapping[str, Any]] = []
    for policy in adopted.policies:
        problem = _find_problem({**content, "policies": [*kept, policy]})
        if problem:
            name = policy.get("PolicyName") or policy.get("ScheduledActionName")
            comments.append(f"Left out: {name}: {problem}")
        else:
            kept.append(policy)
    return Entry({**content, "policies": kept} if kept else content, comments)


def _find_problem(target: Mapping[str, Any]) -> str:
    """Say what `flyball validate` has against a scalable target; "" for nothing."""
    from flyball.config.load import loads
    from flyball.config.problem import ConfigError

    document = {"version": 1, "defaults": DEFAULTS, "scalable_targets": [target]}
    try:
        loads(json_.dumps(document))
    except ConfigError as error:
        return "; ".join(_tell(each) for each in error.problems)
    return ""


def _tell(problem: Problem) -> str:
    field = problem.path.partition("].")[2]
    return f"{field}: {problem.message}" if field else problem.message


def _as_json(
    adoption: Adoption, entries: Sequence[Entry], comments: Sequence[str]
) -> dict[str, Any]:
    return {
        "version": 1,
        "defaults": DEFAULTS,
        "scalable_targets": [dict(each.content) for each in entries],
        "left_out": [
            *comments,
            *(
                f"{target.id}: {each}"
                for target, entry in zip(adoption.targets, entries, strict=True)
                for each in entry.comments
            ),
        ],
    }
