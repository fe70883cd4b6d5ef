"""Does `flyball forecast` say whether prediction adds anything, and refuse what it cannot use?"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.unit.cli.commands import expect_refusal, flyball

IS_THERE = importlib.util.find_spec("statsforecast") is not None


def test_it_compares_on_generated_days() -> None:
    """A table, and in words what it comes to."""
    done = flyball("forecast", "--days", 1)
    assert (done.code, done.err) == (0, "")
    assert "last value" in done.out
    assert "than the last value" in done.out or "Prediction adds nothing here" in done.out


def test_json_has_all_of_it() -> None:
    """One document a trace, in a list."""
    (found,) = flyball("forecast", "--days", 1, "--quantile", 0.95, "--json").json
    assert (found["horizon_minutes"], found["quantile_ratio"]) == (6, 0.95)
    assert [each["name"] for each in found["forecasts"]] == ["last value", "flyball"]
    assert found["forecasts"][0]["loss_ratio"] == 1.0
    assert found["forecasts"][1]["marks"]["late_ratio"] >= 0


def test_what_cannot_be_foreseen_is_said_to_be_so(tmp_path: Path) -> None:
    """Demand that never changes loses nothing by its last value."""
    file = tmp_path / "flat.csv"
    lines = [f"{1_767_571_200 + 60 * minute},100" for minute in range(600)]
    file.write_text("\n".join(["timestamp,requests", *lines]), encoding="utf-8")
    done = flyball("forecast", "--trace", file, "--trace", file, "--capacity", 30)
    assert done.code == 0
    assert done.out.count("flat.csv") == 4
    assert "adds nothing here" in done.out


def test_what_was_never_trusted_is_said_to_change_nothing(tmp_path: Path) -> None:
    """Half an hour of a saw: it wins, by nine minutes."""
    file = tmp_path / "saw.csv"
    lines = [f"{1_767_571_200 + 60 * minute},{5 + minute % 3}" for minute in range(30)]
    file.write_text("\n".join(["timestamp,requests", *lines]), encoding="utf-8")
    done = flyball("forecast", "--trace", file)
    assert "never trusted, so its floor changed nothing: that takes 120 judged minutes" in done.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--with", "arima"), ("--with", "'arima'", "mstl")),
        (("--refit", "1s"), ("--refit", "1m to 31d")),
        (("--capacity", "much"), ("--capacity", "'much'")),
        (("--trace", "absent.csv"), ("absent.csv",)),
        (("--lead-time", "soon"), ("--lead-time", "'soon'")),
        (("--lead-time", "60m"), ("--lead-time, --metric-delay", "more than an hour")),
        (("--lead-time", "59m", "--metric-delay", "90s"), ("more than an hour",)),
    ],
    ids=["model", "refit", "capacity", "file", "lead", "long lead", "long delay"],
)
def test_what_cannot_be_used_is_refused(options: tuple[str, ...], words: tuple[str, ...]) -> None:
    """In one line."""
    expect_refusal(flyball("forecast", "--days", 1, *options), *words)


@pytest.mark.skipif(IS_THERE, reason="statsforecast is installed")
def test_a_model_without_its_library_names_the_extra() -> None:
    """Before anything is read."""
    expect_refusal(flyball("forecast", "--with", "ets"), "pip install 'flyball[forecast]'")


@pytest.mark.skipif(not IS_THERE, reason="statsforecast: the extra `forecast`")
def test_a_model_of_the_library_has_a_row_and_its_fits() -> None:
    """From the second day on."""
    (found,) = flyball("forecast", "--days", 2, "--with", "ets", "--json").json
    row = found["forecasts"][2]
    assert (row["name"], row["fits"]["number"]) == ("ets", 2)
    assert row["minutes"] > 1_000
