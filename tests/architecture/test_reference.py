"""Is every command, option and key documented, as it is?"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from docs.reference import commands_page, config_page

SCHEMA: dict[str, Any] = {
    "description": "The whole.",
    "properties": {
        "defaults": {"$ref": "#/$defs/Settings", "description": "For all."},
        "scalable_targets": {
            "type": "array",
            "items": {"$ref": "#/$defs/TargetSettings"},
            "description": "What is scaled.",
        },
    },
    "required": ["scalable_targets"],
    "$defs": {
        "Settings": {
            "description": "Shared.",
            "properties": {"rates": {"items": {"$ref": "#/$defs/Rate"}, "description": "Rates."}},
        },
        "TargetSettings": {
            "description": "One.",
            "properties": {
                "rates": {"items": {"$ref": "#/$defs/Rate"}, "description": "Rates."},
                "id": {"description": "Its name.", "examples": ["churn"]},
                "printed": {"anyOf": [{"$ref": "#/$defs/AwsPrinted"}], "description": "AWS's."},
            },
            "required": ["id"],
        },
        "AwsPrinted": {
            "description": "What it prints.",
            "properties": {"PolicyName": {"description": "A | b."}},
        },
        "Rate": {
            "description": "A rate.",
            "properties": {
                "kind": {"const": "count"},
                "select": {"anyOf": [{"enum": ["max", "min"]}], "default": "max"},
            },
        },
    },
}


def made() -> Any:
    """Make a small command line of one command and one group."""
    app, ledger = typer.Typer(), typer.Typer()
    app.add_typer(ledger, name="ledger")

    @app.command()
    def run(
        config: Annotated[str, typer.Option(help="The file.")],
        every: Annotated[int, typer.Option("--every", "-e", help="Seconds.")] = 60,
        *,
        json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    ) -> None:
        """Run the loop.

        Stops cleanly.
        """

    @ledger.command()
    def verify(file: Annotated[str, typer.Argument(help="The ledger.")]) -> None:
        """Walk the chain."""

    return typer.main.get_command(app)


def test_every_key_stands_under_where_it_may_be_written() -> None:
    """A key of a nested mapping is found by its path from a scalable target."""
    page = config_page(SCHEMA)
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings == [
        "The file",
        "`defaults`",
        "`scalable_targets[]`",
        "`rates[]` of kind `count`",
        "AWS: Printed",
    ]
    assert "| **`id`** | Its name. | `churn` |" in page
    assert (
        "| `select` |  One of `max`, `min`. Default: `max`. |  |".replace("  One", " One") in page
    )
    assert "Stands at `printed`." in page
    assert "| `kind` | Always `count`. |  |" in page
    assert "| `PolicyName` | A \\| b. |  |" in page


def test_what_a_scalable_target_shares_with_the_defaults_is_said_once() -> None:
    """Two tables of the same keys would have to be compared by every reader."""
    target = config_page(SCHEMA).split("## `scalable_targets[]`")[1].split("## ")[0]
    assert "Every key of `defaults`, and:" in target
    assert "| `rates` |" not in target


def test_every_command_has_its_options_with_their_defaults() -> None:
    """What a command takes is read from the command itself."""
    page = commands_page(made())
    assert re.findall(r"^## `(.*)`$", page, re.MULTILINE) == [
        "flyball run",
        "flyball ledger verify",
    ]
    assert "Run the loop.\n\nStops cleanly.\n" in page
    assert "| `--config` | The file. Required. |" in page
    assert "| `--every`, `-e` | Seconds. Default: `60`. |" in page
    assert "| `--json` | For programs. |" in page
    assert re.search(r"\| `.*file.*` \| The ledger\. Required\. \|", page, re.IGNORECASE)


def expect_written(page: Path, text: str) -> None:
    """Expect a page to be what the program would write now."""
    assert page.read_text(encoding="utf-8") == text, f"{page.name} is old; run `make reference`"


def test_the_page_of_the_config_is_what_the_schema_says(repository: Path) -> None:
    """Every key of flyball.yaml is documented, and no key that there is not."""
    schema = importlib.import_module("flyball.config.schema").schema()
    expect_written(repository / "docs" / "config.md", config_page(schema))


def test_the_page_of_the_commands_is_what_the_command_line_says(repository: Path) -> None:
    """Every command and option is documented, and none that there is not."""
    if importlib.util.find_spec("flyball.cli.main") is None:
        pytest.skip("flyball.cli.main is not there yet")
    app = importlib.import_module("flyball.cli.main").app
    text = commands_page(typer.main.get_command(app))
    expect_written(repository / "docs" / "commands.md", text)
