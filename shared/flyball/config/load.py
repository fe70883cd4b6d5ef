"""What does a file of scalable targets say, once every part of it is known to be sound?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import NamedTuple

from flyball.config.build import build
from flyball.config.entry import Built, Entry, Open
from flyball.config.fields import Blank, Strict
from flyball.config.models import Flyball, Settings
from flyball.config.problem import ConfigError, Problem
from flyball.config.report import Report
from flyball.config.source import Place, Source, read_content, read_file
from flyball.config.validate import Checked, validate
from flyball.core.codec import canonical
from flyball.core.target import ScalableTarget

OWN_KEYS = "x-"
"""Keys at the top that start with this are the author's, for anchors."""


class Compiled(NamedTuple):
    """What the runtime loads of one scalable target: nothing else, and without this package.

    Attributes:
        id: The scalable target's.
        config: Canonical JSON; `codec.parse(ScalableTarget, config)` gives the scalable target.
        config_hash: SHA-256 of it, hex.
    """

    id: str
    config: str
    config_hash: str


@dataclass(frozen=True)
class Config:
    """A file without errors.

    Attributes:
        file: The file as it was named.
        built: Its scalable targets in the file's order, with their places.
    """

    file: str
    built: tuple[Built, ...]

    @cached_property
    def scalable_targets(self) -> tuple[ScalableTarget, ...]:
        """The engine's values, in the file's order."""
        return tuple(each.scalable_target for each in self.built)


def load(path: str | FilePath) -> Config:
    """Read flyball.yaml.

    Raises:
        ConfigError: With every problem of it and of the files that it names.
    """
    return _load(read_file(path), FilePath(path).parent)


def loads(
    content: bytes | str,
    file: str = "<stdin>",
    folder: str | FilePath = ".",
    *,
    reads: Callable[[str], bytes] | None = None,
) -> Config:
    """Read the content of a flyball.yaml, as `load`.

    Args:
        content: YAML or JSON.
        file: How problems call it.
        folder: Where the files that it names are looked for.
        reads: Gives the files that it names, where they are in no folder.
    """
    return _load(read_content(content, file), FilePath(folder), reads)


def compile_config(config: Config) -> tuple[Compiled, ...]:
    """Give the canonical JSON of every scalable target, in the file's order."""
    return tuple(map(compile_target, config.scalable_targets))


def compile_target(scalable_target: ScalableTarget) -> Compiled:
    """Give the canonical JSON of one scalable target."""
    text = canonical(scalable_target)
    return Compiled(scalable_target.id, text, hashlib.sha256(text.encode()).hexdigest())


def open_from(folder: FilePath, reads: Callable[[str], bytes] | None = None) -> Open:
    """Make what reads the files that a file names, each once."""
    opened: dict[tuple[str, type[Strict]], tuple[Source, Checked]] = {}

    def open_file(name: str, model: type[Strict]) -> tuple[Source, Checked]:
        if (name, model) not in opened:
            source = read_content(reads(name), name) if reads else read_file(folder / name)
            opened[name, model] = source, validate(Place(source), source.value, model)
        return opened[name, model]

    return open_file


def _load(source: Source, folder: FilePath, reads: Callable[[str], bytes] | None = None) -> Config:
    root = Place(source)
    value = source.value
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if not key.startswith(OWN_KEYS)}
    checked = validate(root, value, Flyball)
    problems = list(checked.problems)
    built: list[Built] = []
    if checked.model is not None:
        report = Report(checked.removed)
        built = list(_build_all(checked.model, root, report, open_from(folder, reads)))
        problems += report.problems
    if problems:
        raise ConfigError(_sort(problems, source.file))
    return Config(source.file, tuple(built))


def _build_all(model: Flyball, root: Place, report: Report, open_file: Open) -> Iterable[Built]:
    seen: dict[str, int] = {}
    shared = model.defaults if isinstance(model.defaults, Settings) else Settings()
    for index, own in enumerate(model.scalable_targets):
        if isinstance(own, Blank):
            continue
        place = root.at("scalable_targets", index)
        if own.id in seen:
            line, _ = root.source.locate(("scalable_targets", seen[own.id], "id"))
            report.add(
                place.at("id"),
                f"another scalable target has the id {own.id} already",
                f"first on line {line}",
            )
        seen.setdefault(own.id, index)
        entry = Entry(own, place, shared, root.at("defaults"), report, open_file)
        made = build(entry)
        if made is not None:
            yield made


def _sort(problems: list[Problem], file: str) -> list[Problem]:
    """Order problems as a reader meets them, this file's first; each once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.file != file, p.file, p.line, p.column))
