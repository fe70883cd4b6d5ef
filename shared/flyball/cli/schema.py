"""What may stand in a file, as JSON Schema?"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class Kind(Enum):
    """Which file."""

    CONFIG = "config"
    SCENARIO = "scenario"


def schema(
    kind: Annotated[
        Kind, typer.Argument(help="Of flyball.yaml, or of a scenario for `flyball decide`.")
    ] = Kind.CONFIG,
) -> None:
    """Print the JSON Schema of flyball.yaml or of a scenario, for an editor."""
    from flyball.cli import screen
    from flyball.config.schema import scenario_schema
    from flyball.config.schema import schema as config_schema

    screen.say_json(config_schema() if kind is Kind.CONFIG else scenario_schema())
