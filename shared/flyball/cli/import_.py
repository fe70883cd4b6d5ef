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
    from flyball.plan.adoption import Adopted, Adoption
    from flyball.report.adopted import Entry

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "aws": {"home": "aws", "profile": "aws", "mode": "advise"},
    "gcp": {"home": "gcp", "mode": "advise"},
}
"""By home, with what a file begins."""
NAMES = ("PolicyName", "ScheduledActionName", "name")
"""Keys by which a policy is called."""
READING = "Reading native auto scaling"
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to stdout.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Also over a file that is there.")]
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
    out: Out = None,
    overwrite: Overwrite = False,
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
    from flyball.wiring.stack import make_clients

    _check_free(out, overwrite=overwrite)
    clients = make_clients(region)
    with screen.progress(READING, None) as advance, refusing_with(FOUND):
        adoption = adopt_all(clients, endpoint or (), group_ or (), advance)
    _give(adoption, "aws", "another region or account", out, json=json)


def gcp(
    project: Annotated[str, typer.Option("--project", metavar="ID", help="Google's.")],
    location: Annotated[
        str, typer.Option("--location", metavar="NAME", help="A region, such as europe-west4.")
    ],
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint",
            metavar="NAME",
            help="Only this one of Vertex AI's, by its id or display name; may be repeated.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The versions of this model of AI Platform Prediction, which Google has shut "
            "down; may be repeated.",
        ),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Read Google's own scaling into a flyball.yaml; nothing is changed.

    The ranges and metrics of the models that are deployed to Vertex AI's endpoints, and of the
    pools that they share: of all endpoints in a region, or of what is named. What is left out
    stands in the file as a comment with its reason. It begins in mode advise. Exit code 1 if there
    is nothing to take over, or it may not be read.
    """
    from flyball.adapters.gcp.adoption import Wanted, adopt
    from flyball.cli import screen
    from flyball.wiring.gcp import check_names, check_sdk, connect

    _check_free(out, overwrite=overwrite)
    check_sdk()
    check_names(project=project, location=location)
    wanted = Wanted(project, location, tuple(endpoint or ()), tuple(model or ()))
    with screen.progress(READING, None) as advance, refusing_with(FOUND):
        adoption = adopt(connect(), wanted, advance)
    _give(adoption, "gcp", "another location or project", out, json=json)


def _check_free(out: Path | None, *, overwrite: bool) -> None:
    """Refuse to write over what somebody may have edited."""
    if out is not None and out.exists() and not overwrite:
        refuse(f"{out}: there is such a file already; say --overwrite, or name another with --out")


def _give(adoption: Adoption, home: str, where: str, out: Path | None, *, json: bool) -> None:
    """Write what was read where it is wanted, and say how much was left out."""
    from flyball.cli import screen
    from flyball.report.adopted import write_adopted
    from flyball.report.figures import counted
    from flyball.report.plain import plain

    with refusing_with(FOUND):
        entries, comments = keep_sound(adoption, home)
    if json:
        screen.say_json(_as_json(entries, comments, home))
    elif entries:
        name = "flyball.yaml" if out is None else str(out)
        text = write_adopted(entries, comments, name, DEFAULTS[home])
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
        complain(f"no native auto scaling was found; is it {where}?")
        raise typer.Exit(FOUND)


def keep_sound(adoption: Adoption, home: str) -> tuple[list[Entry], list[str]]:
    """Give what `flyball validate` accepts as one file, and comments on what is not in it."""
    comments = [f"Left out: {each.name}: {each.reason}" for each in adoption.left_out]
    entries = [_sift(each, home) for each in adoption.targets]
    problems = _find_problems([each.content for each in entries], home)
    for index, problem in problems.items():
        comments.append(f"Left out: {adoption.targets[index].id}: {problem}")
    return [each for index, each in enumerate(entries) if index not in problems], comments


def _sift(adopted: Adopted, home: str) -> Entry:
    """Keep what flyball.yaml takes; each policy is tried by itself, so that one spoils no other."""
    from flyball.report.adopted import Entry

    comments = [f"Left out: {each.name}: {each.reason}" for each in adopted.left_out]
    comments += adopted.remarks
    content: dict[str, Any] = {
        "id": adopted.id,
        "resource": dict(adopted.resource),
        "min_capacity": adopted.min_capacity,
        "max_capacity": adopted.max_capacity,
        **adopted.settings,
    }
    kept: list[Mapping[str, Any]] = []
    if _find_problems([content], home):  # it is left out whole
        return Entry(content, comments)
    for policy in adopted.policies:
        problems = _find_problems([{**content, "policies": [*kept, policy]}], home)
        if problems:
            name = next((str(policy[key]) for key in NAMES if policy.get(key)), "a policy")
            comments.append(f"Left out: {name}: {problems[0]}")
        else:
            kept.append(policy)
    return Entry({**content, "policies": kept} if kept else content, comments)


def _find_problems(targets: Sequence[Mapping[str, Any]], home: str) -> dict[int, str]:
    """Say what `flyball validate` has against scalable targets in one file, by their index."""
    from flyball.config.load import loads
    from flyball.config.problem import ConfigError

    defaults = dict(DEFAULTS[home])
    document = {"version": 1, "defaults": defaults, "scalable_targets": list(targets)}
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


def _as_json(entries: Sequence[Entry], comments: Sequence[str], home: str) -> dict[str, Any]:
    told = [f"{entry.content['id']}: {each}" for entry in entries for each in entry.comments]
    return {
        "version": 1,
        "defaults": dict(DEFAULTS[home]),
        "scalable_targets": [dict(each.content) for each in entries],
        "left_out": [*comments, *told],
    }
