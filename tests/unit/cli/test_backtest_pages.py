"""Does `flyball backtest` write a page and a picture, and refuse at once what it cannot write?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.commands import expect_refusal, flyball

CONFIG = """
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: 60
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 350}]
"""


@pytest.fixture
def config(folder: Path) -> Path:
    """Write a config of one target."""
    path = folder / "f.yaml"
    path.write_text(CONFIG)
    return path


def test_a_page_and_a_picture_are_written(config: Path, folder: Path) -> None:
    """The same bytes each time, and the table is printed as ever."""
    call = ("backtest", "--config", config, "--days", 1, "--against", "static,optimum")
    plain = flyball(*call)
    pages = []
    for name in ("a", "b"):
        html, plot = folder / f"{name}.html", folder / f"{name}.svg"
        done = flyball(*call, "--html", html, "--plot", plot)
        assert (done.code, done.out) == (0, plain.out)
        pages.append((html.read_bytes(), plot.read_bytes()))
    assert pages[0] == pages[1]
    assert pages[0][0].startswith(b"<!DOCTYPE html>")
    assert b"</svg>" in pages[0][1]


@pytest.mark.parametrize(
    ("option", "name", "words"),
    [
        ("--html", ".", ["--html", "it is a folder"]),
        ("--html", "none/a.html", ["--html", "there is no folder"]),
        ("--plot", "none/a.svg", ["--plot", "there is no folder"]),
        ("--plot", "a.pdf", ["--plot", "'.pdf'", ".svg or .png"]),
    ],
)
def test_what_could_not_be_written_is_refused_first(
    option: str, name: str, words: list[str], folder: Path
) -> None:
    """Before the config is read: a year would be lost."""
    done = flyball("backtest", "--config", folder / "none.yaml", option, folder / name)
    expect_refusal(done, *words)


def test_a_file_that_cannot_be_written_is_named(config: Path, folder: Path) -> None:
    """With the system's own word for why."""
    for option, name in (("--html", "full.html"), ("--plot", "full.svg")):
        (folder / name).symlink_to("/dev/full")
        done = flyball(
            "backtest", "--config", config, "--days", 1, option, folder / name, "--overwrite"
        )
        expect_refusal(done, option, name, "No space left on device")


def test_no_name_is_a_formula_in_a_spreadsheet(config: Path, folder: Path) -> None:
    """Each minute of a timeline has one."""
    config.write_text(CONFIG.replace("id: chat", "id: '=HYPERLINK(1)'"))
    path = folder / "t.csv"
    call = ("backtest", "--config", config, "--days", 1, "--against", "", "--timeline", path)
    assert flyball(*call).code == 0
    lines = path.read_text().splitlines()[1:]
    assert len(lines) == 1_440
    assert all(line.startswith("'=HYPERLINK(1),2") for line in lines)
