"""How does native scaling become a flyball.yaml, with nothing lost in silence?"""

from __future__ import annotations

import json as json_
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flyball.cli.deployment import Region
from flyball.cli.failure import FOUND, complain, refuse, refusing_with
from flyball.cli.options import Json

if TYPE_CHECKING:
    from flyball.adapters.aws.adoption import Adopted, Adoption
    from flyball.report.adopted import Entry

DEFAULTS = {"home": "aws", "profile": "aws", "mode": "advise"}
_WHERE = re.compile(r"scalable_targets\[(?P<index>\d+)\]\.?(?P<field>.*)")


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
    over, or it may not be read.
    """
    from flyball.adapters.aws.groups import adopt_all
    from flyball.cli import screen
    from flyball.report.adopted import write_adopted
    from flyball.report.figures import counted
    from flyball.report.plain import plain
    from flyball.wiring.stack import make_clients

    if out is not None and out.exists() and not overwrite:
        refuse(f"{out}: there is such a file already; say --overwrite, or name another with --out")
    with screen.progress("Reading native auto scaling", None) as advance, refusing_with(FOUND):
        adoption = adopt_all(make_clients(region), endpoint or (), group_ or (), advance)
        entries, comments = keep_sound(adoption)
    if json:
        screen.say_json(_as_json(entries, comments))
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


def keep_sound(adoption: Adoption) -> tuple[list[Entry], list[str]]:
    """Give what `flyball validate` accepts as one file, and comments on what is not in it."""
    comments = [f"Left out: {each.name}: {each.reason}" for each in adoption.left_out]
    entries = [_sift(each) for each in adoption.targets]
    problems = _find_problems([each.content for each in entries])
    for index, problem in problems.items():
        comments.append(f"Left out: {adoption.targets[index].id}: {problem}")
    return [each for index, each in enumerate(entries) if index not in problems], comments


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
    if _find_problems([content]):  # it is left out whole
        return Entry(content, comments)
    for policy in adopted.policies:
        problems = _find_problems([{**content, "policies": [*kept, policy]}])
        if problems:
            name = policy.get("PolicyName") or policy.get("ScheduledActionName")
            comments.append(f"Left out: {name}: {problems[0]}")
        else:
            kept.append(policy)
    return Entry({**content, "policies": kept} if kept else content, comments)


def _find_problems(targets: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Say what `flyball validate` has against scalable targets in one file, by their index."""
    from flyball.config.load import loads
    from flyball.config.problem import ConfigError

    document = {"version": 1, "defaults": DEFAULTS, "scalable_targets": list(targets)}
    found: dict[int, list[str]] = {}
    try:
        if targets:
            loads(json_.dumps(document))
    except ConfigError as error:
        for problem in error.problems:
            where = _WHERE.match(problem.path)
            if where is None:
                raise
            text = f"{where['field']}: {problem.message}".removeprefix(": ")
            found.setdefault(int(where["index"]), []).append(text)
    return {index: "; ".join(texts) for index, texts in sorted(found.items())}


def _as_json(entries: Sequence[Entry], comments: Sequence[str]) -> dict[str, Any]:
    told = [f"{entry.content['id']}: {each}" for entry in entries for each in entry.comments]
    return {
        "version": 1,
        "defaults": DEFAULTS,
        "scalable_targets": [dict(each.content) for each in entries],
        "left_out": [*comments, *told],
    }
