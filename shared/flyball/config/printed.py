"""Which policies does an entry list, by itself and by what AWS printed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flyball.config.amazon import (
    AwsScalingPolicies,
    AwsScheduledActions,
)
from flyball.config.entry import Entry
from flyball.config.fields import Blank, Strict
from flyball.config.problem import ConfigError, suggest
from flyball.config.source import Place


def list_policies(entry: Entry) -> Iterator[tuple[Any, Place]]:
    """List the settings of every policy, each with its place."""
    yield from entry.items("policies")
    yield from _list_printed(entry, "aws_scaling_policies", AwsScalingPolicies, "ScalingPolicies")
    yield from _list_printed(
        entry, "aws_scheduled_actions", AwsScheduledActions, "ScheduledActions"
    )


def _list_printed(
    entry: Entry, key: str, model: type[Strict], inner: str
) -> Iterator[tuple[Any, Place]]:
    """List what AWS printed, in a file or inline, of this scalable target alone."""
    value, place = entry.get(key)
    if value is None:
        return
    if isinstance(value, str):
        try:
            source, checked = entry.open_file(value, model)
        except ConfigError as error:
            line, column = place.source.locate(place.path)
            named = f"named in {place.source.file}:{line}:{column}"
            entry.report.problems += [p._replace(hint=p.hint or named) for p in error.problems]
            return
        entry.report.problems += checked.problems
        if checked.model is None:
            return
        value, place = checked.model, Place(source)
    if isinstance(value, model):
        value, place = getattr(value, inner), place.at(inner)
    listed = [
        (item, place.at(index)) for index, item in enumerate(value) if not isinstance(item, Blank)
    ]
    yield from _choose_own(entry, listed, place)


def _choose_own(
    entry: Entry, listed: Sequence[tuple[Any, Place]], place: Place
) -> Sequence[tuple[Any, Place]]:
    """Choose the elements whose ResourceId is this scalable target's."""
    named = sorted({item.ResourceId for item, _ in listed if item.ResourceId is not None})
    own = _resource_id(entry.own.resource)
    if own in named or (own is None and len(named) <= 1) or not named:
        return [
            (item, at) for item, at in listed if item.ResourceId in {None, own or item.ResourceId}
        ]
    shown = ", ".join(named[:5]) + (", …" if len(named) > 5 else "")  # noqa: PLR2004
    if own is None:
        hint = "say which one: `resource: {endpoint: …, variant: …}`"
        entry.report.add(
            entry.place.at("resource"), f"AWS's output is about several resources ({shown})", hint
        )
    else:
        entry.report.add(
            place, f"nothing here is about {own}, only about {shown}", suggest(own, named)
        )
    return []


def _resource_id(resource: Mapping[str, str]) -> str | None:
    if "resource_id" in resource:
        return resource["resource_id"]
    if "endpoint" in resource and "variant" in resource:
        return f"endpoint/{resource['endpoint']}/variant/{resource['variant']}"
    if "inference_component" in resource:
        return f"inference-component/{resource['inference_component']}"
    return None
