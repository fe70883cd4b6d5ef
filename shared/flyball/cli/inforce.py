"""Which config was in force while the whole endpoint was loaded, and how is it kept?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse
from flyball.cli.policies import begin_settings

if TYPE_CHECKING:
    from flyball.cli.policies import Named, Policies
    from flyball.core.target import ScalableTarget
    from flyball.sizing.plan import Sizing
    from flyball.sizing.settings import Settings

USUAL = "as the method says; --in-force FILE if it was another"


class InForce(NamedTuple):
    """What was in force.

    Attributes:
        settings: Of it.
        place: From where that is known, for people; a config's path.
        home: Where it scales.
        text: The config; "": none was named.
        target: Its scalable target; None likewise.
    """

    settings: Settings
    place: str
    home: str
    text: str = ""
    target: ScalableTarget | None = None


def find_in_force(in_force: Path | None, sizing: Sizing, made: Policies) -> InForce:
    """Read the config that is named, or the one that is written over, or go by the method.

    Raises:
        ConfigError: It is not sound.
        CommandError: It is not clear which target is meant, or the options are of another one.
    """
    from flyball import config
    from flyball.sizing.gauges import WrittenError
    from flyball.sizing.inforce import read_settings

    usual = begin_settings(sizing, made)
    path, option = in_force, "--in-force"
    if path is None and made.path is not None and made.path.exists():
        path, option = made.path, "--write"
    if path is None:
        return InForce(usual, USUAL, made.named.find().home)
    target = _choose_target(config.load(path).scalable_targets, made.named, path)
    _check(target, made, path)
    try:
        settings = read_settings(target, sizing, usual, str(path))
    except WrittenError as error:
        refuse(f"{option}: {path}: {error}")
    if made.adaptive and settings.kind is not usual.kind:
        refuse(
            f"--adaptive: {path} has policies of another kind, and they are kept; leave it out, or "
            "write an adaptive policy into another file, without --measured"
        )
    return InForce(settings, str(path), target.home, path.read_bytes().decode("utf-8"), target)


def _choose_target(targets: Sequence[ScalableTarget], named: Named, path: Path) -> ScalableTarget:
    """Take the one of that id, or the only one where none is named."""
    if named.name is None and len(targets) == 1:
        return targets[0]
    name = named.name or named.find().name
    found = next((each for each in targets if each.id == name), None)
    if found is None:
        known = ", ".join(each.id for each in targets)
        refuse(f"{path}: it has no scalable target {name!r}; --id says which: {known}")
    return found


def _check(target: ScalableTarget, made: Policies, path: Path) -> None:
    """Refuse options that name something else than the config scales."""
    named = made.named
    if named.home is not None and named.home != target.home:
        refuse(
            f"--home: got {named.home}, and {target.id} of {path} is of {target.home}; leave it out"
        )
    if named.address is None and named.endpoint is None and named.variant is None:
        return
    address = named._replace(home=target.home).find().resource
    if any(target.resource.get(key) != value for key, value in address.items()):
        wanted, found = (
            ", ".join(f"{key}={value}" for key, value in each.items())
            for each in (address, target.resource)
        )
        refuse(
            f"{path}: {target.id} scales {found}, and {wanted} was named; leave that out, or name "
            "another config"
        )
