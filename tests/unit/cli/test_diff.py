"""Does `flyball diff` say what a change of policy would have done, and fail where it is told to?"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest

from flyball.sim.trace import Trace, write_trace
from tests.unit.cli.commands import Done, expect_refusal, flyball
from tests.unit.sim.courses import MONDAY

CONFIG = """
version: 1
scalable_targets:
  - id: chat
    resource: {endpoint: chat}
    min_capacity: 1
    max_capacity: 60
    price_per_hour: 2
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 350}]
"""
OTHER = """
  - id: vision
    resource: {endpoint: vision}
    min_capacity: 2
    max_capacity: 20
    metrics: [{name: seen, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: seen, target_value: 400}]
"""


@pytest.fixture
def old(folder: Path) -> Path:
    """Write the old config."""
    path = folder / "old.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def new(folder: Path) -> Path:
    """Write the new config: emptier instances."""
    path = folder / "new.yaml"
    path.write_text(CONFIG.replace("350", "250"))
    return path


@pytest.fixture
def trace(folder: Path) -> Path:
    """Write five hours of waves, and a rush of half an hour in them."""
    path = folder / "t.csv"
    waves = [3_000 + 1_500 * math.sin(minute / 15) for minute in range(300)]
    rush = [6_000.0 if 150 <= minute < 180 else 0.0 for minute in range(300)]
    counts = tuple(float(round(sum(each))) for each in zip(waves, rush, strict=True))
    write_trace(Trace(MONDAY, counts), path)
    return path


def diff(old: object, new: object, trace: Path, *options: object) -> Done:
    """Call it, in this one process."""
    call = ("diff", old, new, "--trace", trace, "--capacity", 500, "--jobs", 1)
    return flyball(*call, *options)


def test_both_configs_stand_above_each_other_with_their_change(
    old: Path, new: Path, trace: Path
) -> None:
    """What changed in the config, what that did, when it mattered most, and a verdict."""
    done = diff(old, new, trace, "--moments", 3)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "  chat  policies.keep.target_value  350 → 250" in lines
    head = next(index for index, line in enumerate(lines) if "÷ best" in line)
    rows = [line.split()[0] for line in lines[head + 1 : head + 5]]
    assert rows == ["old", "new", "change", "in"]
    assert "The 3 moments that mattered most, of " in done.out
    assert sum(line.startswith("  demand  ") for line in lines) == 3
    assert lines[-1].startswith("The new config costs ")
    assert "fewer requests are late" in lines[-1]
    assert "\x1b" not in done.out


def test_the_same_config_differs_in_nothing(old: Path, trace: Path) -> None:
    """Exit code 0, and every change is exactly 0; also where ids are the only change."""
    limits = [word for field in ("cost", "hours", "late", "excess", "changes", "undone")
              for word in ("--fail-on", f"{field}>+0%")]  # fmt: skip
    done = diff(old, old, trace, *limits)
    assert done.code == 0
    assert "No difference: both configs say the same." in done.out
    renamed = old.with_name("renamed.yaml")
    renamed.write_text(CONFIG.replace("id: chat", "id: talk"))
    for each in (old, renamed):
        found = diff(old, each, trace, *limits, "--json").json
        assert set(found["total"]["change"].values()) == {0.0}
        assert set(found["targets"][0]["change"].values()) == {0.0}
        assert (found["moments"], found["ok"]) == ([], True)
        assert found["is_different"] is (each != old)


@pytest.mark.parametrize("form", ["text", "github", "json"])
def test_the_same_seed_prints_the_same_bytes(old: Path, new: Path, trace: Path, form: str) -> None:
    """With lead times that are drawn, in one process or two."""
    options = ("--lead-time", "2m..8m", "--seed", 7, "--format", form)
    said = {diff(old, new, trace, *options).out for _ in range(2)}
    if form == "text":
        said.add(diff(old, new, trace, *options, "--jobs", 2).out)
    assert len(said) == 1


def test_json_has_both_sides_of_everything(old: Path, new: Path, trace: Path) -> None:
    """Sums, changes and moments; the moments of both sides add up where all are told."""
    found = diff(old, new, trace, "--json", "--moments", 100).json
    (target,) = found["targets"]
    assert target["kind"] == "kept"
    assert target["amended"] == [{"name": "policies.keep.target_value", "old": "350", "new": "250"}]
    for name, change in target["change"].items():
        assert change == target["new"][name] - target["old"][name]
    assert found["total"]["change"] == target["change"]
    assert len(found["moments"]) == min(100, found["moments_in_all"])
    weights = [each["weight"] for each in found["moments"]]
    assert weights == sorted(weights, reverse=True)
    first = found["moments"][0]
    assert first["start"] < first["end"]
    assert first["old"]["reason"]
    assert diff(old, new, trace, "--format", "json").json["moments"] == found["moments"][:10]


def test_it_backtests_as_backtest_does(old: Path, new: Path, trace: Path) -> None:
    """The same options give the same sums."""
    options = ("--lead-time", "p50=3m,p95=9m", "--metric-delay", "2m", "--warm-up", "30m")
    found = diff(old, new, trace, *options, "--json").json["targets"][0]
    for side, path in (("old", old), ("new", new)):
        call = ("backtest", "--config", path, "--trace", trace, "--capacity", 500)
        done = flyball(*call, *options, "--against", "", "--json").json
        marks = done["targets"][0]["contenders"][0]["total"]
        for name in ("instance_hours", "late", "excess", "reversals"):
            assert found[side][name] == marks[name]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (("late>+0%",), 0),
        (("cost>+500%", "late>100%"), 0),
        (("cost>+1%",), 1),
        (("late>+1%", "chat:hours>+0.1"), 1),
        (("each:cost>+1%",), 1),
    ],
    ids=str,
)
def test_a_limit_decides_the_exit_code(
    old: Path, new: Path, trace: Path, limits: tuple[str, ...], code: int
) -> None:
    """One that is exceeded is enough; in every format, and each is told."""
    options = [word for each in limits for word in ("--fail-on", each)]
    for form in ("text", "github", "json"):
        done = diff(old, new, trace, *options, "--format", form)
        assert (done.code, done.err) == (code, "")
    verdicts = diff(old, new, trace, *options, "--json").json
    assert [each["limit"] for each in verdicts["limits"]] == list(limits)
    assert verdicts["ok"] is (code == 0)
    told = diff(old, new, trace, *options).out.splitlines()[-len(limits) :]
    assert any(line.endswith("exceeded") for line in told) is (code == 1)


def test_a_comment_is_written(old: Path, new: Path, trace: Path) -> None:
    """Its first line is the marker, its tables are Markdown's."""
    done = diff(old, new, trace, "--format", "github", "--moments", 2)
    assert done.out.startswith("<!-- flyball diff -->\n\n### Flyball: ")
    assert "| chat | policies.keep.target_value | 350 | 250 |" in done.out
    assert "The 2 moments that mattered most, of " in done.out


def test_what_came_went_and_has_another_id_is_said(old: Path, folder: Path, trace: Path) -> None:
    """A trace and a capacity of the old id are the new one's too."""
    both, renamed = folder / "both.yaml", folder / "renamed.yaml"
    both.write_text(CONFIG + OTHER)
    renamed.write_text(CONFIG.replace("id: chat", "id: talk") + OTHER)
    found = diff(old, renamed, trace, "--json").json
    kinds = [(each["scalable_target_id"], each["kind"]) for each in found["targets"]]
    assert kinds == [("talk", "renamed"), ("vision", "added")]
    assert found["targets"][1]["new"]["requests"] > 0
    assert found["targets"][1]["old"] is None
    assert diff(both, old, trace, "--json").json["targets"][1]["kind"] == "removed"
    call = ("diff", both, renamed, "--trace", f"chat={trace}", "--capacity", "chat=500")
    named = flyball(*call, "--jobs", 1)
    assert "  talk    id  chat → talk" in named.out or "  talk  id  chat → talk" in named.out
    assert "  not run  1  no trace: vision" in named.out
    only = flyball(*call, "--target", "chat", "--jobs", 1, "--json").json
    assert [each["scalable_target_id"] for each in only["targets"]] == ["talk"]


def test_several_targets_have_a_total(folder: Path, trace: Path) -> None:
    """Of those that both configs have; without one price there is no money."""
    old, new = folder / "old.yaml", folder / "new.yaml"
    old.write_text(CONFIG + OTHER)
    new.write_text((CONFIG + OTHER).replace("350", "250"))
    done = diff(old, new, trace)
    assert "All 2" in done.out
    assert "instance hours more" in done.out.splitlines()[-1]
    assert "1. chat, 2026-03-02 " in done.out
    expect_refusal(diff(old, new, trace, "--fail-on", "cost>+5%"), "no price_per_hour")
    assert diff(old, new, trace, "--fail-on", "chat:cost>+5%").code == 1


def test_peers_stand_below(old: Path, new: Path, trace: Path) -> None:
    """Each once."""
    done = diff(old, new, trace, "--against", "static,optimum")
    rows = [line.split()[0] for line in done.out.splitlines() if line[:1].isalpha()]
    assert rows.count("static") == rows.count("optimum") == 1


def test_the_old_config_may_be_that_of_a_revision(
    folder: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the files that it named then; what is no revision is refused with git's words."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    path = folder / "deploy" / "flyball.yaml"
    path.parent.mkdir()
    path.write_text(CONFIG)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (["init", "-q"], ["add", "deploy"], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], check=True, cwd=folder, capture_output=True)
    path.write_text(CONFIG.replace("350", "250"))
    done = diff("HEAD:deploy/flyball.yaml", path, trace)
    assert "policies.keep.target_value  350 → 250" in done.out
    refused = diff("HEAD:flyball.yaml", path, trace)
    expect_refusal(refused, "HEAD:flyball.yaml: no such file, nor a file of a revision", "git: ")
    expect_refusal(diff("--output=x:y", path, trace), "No such option")
    expect_refusal(diff("gone.yaml", path, trace), "gone.yaml: there is no such file")


def test_a_page_and_a_picture_are_written(old: Path, new: Path, trace: Path, folder: Path) -> None:
    """The same bytes each time; what is printed and the exit code are as ever."""
    limit = ("--fail-on", "cost>+1%")
    plain = diff(old, new, trace, *limit)
    pages = []
    for name in ("a", "b"):
        html, plot = folder / f"{name}.html", folder / f"{name}.svg"
        done = diff(old, new, trace, *limit, "--html", html, "--plot", plot)
        assert (done.code, done.out, done.err) == (1, plain.out, "")
        pages.append((html.read_bytes(), plot.read_bytes()))
    assert pages[0] == pages[1]
    assert b"The new config costs " in pages[0][0]
    assert b"</svg>" in pages[0][1]
    again = diff(old, new, trace, "--html", folder / "a.html")
    expect_refusal(again, "--html", "there is a file already")
    assert diff(old, new, trace, "--html", folder / "a.html", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fail-on", "late>0.2"), ("--fail-on", "write % after it")),
        (("--fail-on", "price>+5%"), ("--fail-on", "such as cost>+5%")),
        (("--fail-on", "chap:late>1%"), ("no 'chap'", "chat")),
        (("--target", "chap"), ("neither", "'chap'", "chat")),
        (("--measures", "cells=requests"), ("no metric 'cells'", "calls")),
        (("--measures", "calls=latency"), ("calls",)),
        (("--against", "azure"), ("--against", "no peer 'azure'")),
        (("--format", "html"), ("--format", "github")),
        (("--lead-time", "soon"), ("--lead-time",)),
        (("--trace", "more.csv"), ("are for all",)),
        (("--from", "cloudwatch"), ("--from, --trace", "give one of the two")),
        (("--days", "2"), ("--trace, --days", "has its own days")),
        (("--since", "2026-01-01"), ("--since", "only with --from")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_refused_in_one_line(
    old: Path, new: Path, trace: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Exit code 2: it names the option and what is expected."""
    expect_refusal(diff(old, new, trace, *options), *words)


def test_a_limit_that_nobody_can_keep_is_no_success(old: Path, folder: Path, trace: Path) -> None:
    """Where both configs have nothing in common there is nothing to hold it against."""
    new = folder / "new.yaml"
    new.write_text("version: 1\nscalable_targets:" + OTHER)
    assert "nothing to compare" in diff(old, new, trace).out
    for limit in ("late>+1%", "each:late>+1%"):
        expect_refusal(diff(old, new, trace, "--fail-on", limit), "no scalable target that was run")
