"""What does one entry of a file say of a key, over the file's defaults, and where?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flyball.config.fields import Blank, Strict
from flyball.config.models import Settings, TargetSettings
from flyball.config.report import Report
from flyball.config.source import Place, Source
from flyball.config.validate import Checked
from flyball.core.target import ScalableTarget

Open = Callable[[str, type[Strict]], tuple[Source, Checked]]
"""Reads a file that another one names and holds it against a model; raises ConfigError."""


class Built(NamedTuple):
    """A scalable target, and where its author wrote what.

    Attributes:
        scalable_target: The engine's value.
        places: By (kind, name): metrics, policies and windows; by ("key", name): other keys.
    """

    scalable_target: ScalableTarget
    places: Mapping[tuple[str, str], Place]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file, over the file's defaults.

    Attributes:
        own: What it says.
        place: Where it stands.
        shared: What `defaults` says.
        shared_place: Where that stands.
        report: Takes its problems.
        open_file: Reads the files that it names.
        places: Filled while it is built.
    """

    own: TargetSettings
    place: Place
    shared: Settings
    shared_place: Place
    report: Report
    open_file: Open
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def get(self, key: str) -> tuple[Any, Place]:
        """Give what the entry says of a key, or else the defaults, and where; None for nothing."""
        for settings, place in ((self.own, self.place), (self.shared, self.shared_place)):
            value = getattr(settings, key, None)
            if value is not None:
                found = place.at(settings.written(key))
                self.places["key", key] = found
                return value, found
        return None, self.place

    def items(self, key: str) -> Iterator[tuple[Any, Place]]:
        """Give the sound items of a list, each with its place."""
        value, place = self.get(key)
        for index, item in enumerate(value or ()):
            if not isinstance(item, Blank):
                yield item, place.at(index)

    def is_whole(self, *keys: str) -> bool:
        """Say whether nothing of these keys was left out because of problems."""
        for key in keys:
            value, place = self.get(key)
            if isinstance(value, list) and any(isinstance(item, Blank) for item in value):
                return False
            if self.report.is_removed(
                place if value is not None else self.place.at(self.own.written(key))
            ):
                return False
        return True
