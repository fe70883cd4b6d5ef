"""How is what a cloud scales by itself written as a flyball.yaml that a person reads first?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, NamedTuple

from flyball.report.plain import plain

WIDTH = 160
FLOW_KEYS = 4
"""Most keys of a mapping that stands on one line."""

_HEAD = """\
# Written by `flyball import {home}` from native auto scaling. Read it, then:
#
#   flyball validate {name}
#   flyball plan --config {name}
#
{beside}

version: 1

defaults: {defaults}

"""
_BESIDE: Mapping[str, str] = {
    "aws": """\
# It only advises until `mode: apply` stands here or at a scalable target; native scaling goes on
# until `flyball apply --take-over` suspends it. Add price_per_hour to see decisions in money.""",
    "gcp": """\
# It only advises until `mode: apply` stands here or at a scalable target. Flyball then moves the
# range, and Google's own autoscaler, which cannot be suspended, goes on picking inside it. Add
# price_per_hour to see decisions in money.""",
}
"""By home: what goes on beside it."""


class Entry(NamedTuple):
    """One scalable target as it is written.

    Attributes:
        content: Its keys in their order.
        comments: Lines above it: what was left out, and why.
    """

    content: Mapping[str, Any]
    comments: Sequence[str] = ()


def write_adopted(
    entries: Sequence[Entry], comments: Sequence[str], name: str, defaults: Mapping[str, str]
) -> str:
    """Write a flyball.yaml.

    Args:
        entries: The scalable targets.
        comments: What is about none of them.
        name: The file's, for the commands in its head.
        defaults: What they all start from; their home is among it.

    Returns:
        YAML.
    """
    home, told = defaults["home"], ", ".join(f"{key}: {each}" for key, each in defaults.items())
    head = _HEAD.format(name=plain(name), home=home, beside=_BESIDE[home], defaults=f"{{{told}}}")
    parts = [head]
    parts += [f"# {plain(each, 1_000)}\n" for each in comments]
    parts.append("\n" * bool(comments) + "scalable_targets:\n")
    parts.append("\n".join(map(_write_entry, entries)))
    return "".join(parts)


def _write_entry(entry: Entry) -> str:
    lines = [f"# {plain(each, 1_000)}" for each in entry.comments]
    lines += _dump([entry.content])
    return "".join(f"  {line}".rstrip() + "\n" for line in lines)


def _dump(value: Any) -> Iterator[str]:  # noqa: ANN401  (any JSON)
    from ruamel.yaml import YAML  # noqa: PLC0415  (a tenth of a second, only when it is written)

    yaml = YAML()
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    written = StringIO()
    yaml.dump(_style(value), written)
    lines = written.getvalue().splitlines()
    yield from (line.removeprefix("  ") for line in lines)


def _style(value: Any) -> Any:  # noqa: ANN401
    """Put small mappings on one line each."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: PLC0415

    if isinstance(value, Mapping):
        made = CommentedMap((key, _style(each)) for key, each in value.items())
        scalar = not any(isinstance(each, Mapping | list) for each in value.values())
        if scalar and len(value) <= FLOW_KEYS and not {"ScheduledActionName", "id"} & set(value):
            made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        return CommentedSeq(map(_style, value))
    return value
