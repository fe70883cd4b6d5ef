"""How do the checked-in schemas stay those of the models? `python -m flyball.config.write`."""

from __future__ import annotations

from pathlib import Path

from flyball.config.schema import render, scenario_schema, schema

FOLDER = Path(__file__).resolve().parent


def write(folder: Path = FOLDER) -> None:
    """Write both schemas."""
    for made in (schema(), scenario_schema()):
        (folder / str(made["$id"])).write_text(render(made), encoding="utf-8")


if __name__ == "__main__":
    write()
