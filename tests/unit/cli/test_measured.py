"""Does `flyball size --measured` hold a load test of the whole endpoint against the expected?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyball import config
from flyball.core.policy import TrackingPolicy
from tests.unit.cli.commands import Done, expect_refusal, flyball

SIZED = ("size", "loadtest.csv", "--instance-type", "ml.c5.large", "--lead-time", "100s")
EXPECTED = ("--least", 70, "--most", 500, "--growth", 1.2)
HEAD = "users,rate_per_minute,answered_per_minute,p95_ms,duration_s,instances\n"
WELL = f"{HEAD}50,5000,5000,20,600,1\n500,30000,30000,25,600,6\n"
WORSE = f"{HEAD}50,4000,4000,20,600,1\n100,9000,8990,25,600,2\n200,20000,15000,400,600,4\n"
FAST = "rate_per_minute,failed_per_minute,p95_ms\n5000,0,9\n10000,9,9\n25000,9000,9\n"
PERFORMED = {
    "JobName": "churn-4",
    "Status": "COMPLETED",
    "EndpointPerformances": [
        {
            "Metrics": {"MaxInvocations": 16_000, "ModelLatency": 30},
            "EndpointInfo": {"EndpointName": "churn"},
        }
    ],
}


@pytest.fixture(autouse=True)
def files(folder: Path, repository: Path) -> Path:
    """Stand beside load tests of one instance and of a fleet."""
    for name in ("loadtest.csv", "loadtest-4.csv", "loadtest-fleet.csv"):
        (folder / name).write_bytes((repository / "examples" / name).read_bytes())
    for name, text in (("well", WELL), ("worse", WORSE), ("fast", FAST)):
        (folder / f"{name}.csv").write_text(text)
    (folder / "job.json").write_text(json.dumps(PERFORMED))
    return folder


def test_a_fleet_that_holds_is_a_success() -> None:
    """The most that was handled, against what is expected; nothing is changed."""
    done = flyball(*SIZED, *EXPECTED, "--measured", "loadtest-fleet.csv", "--json")
    assert (done.code, done.err) == (0, ""), done
    found = done.json["measured"]
    assert (found["verdict"], found["holds"], found["limit"]) == ("holds", True, None)
    assert found["expected_per_minute"] == 30_000.0
    assert found["handled_per_minute"] == pytest.approx(36_000.0, rel=0.02)
    assert found["changes"] == []
    assert found["loads"][0]["instances_known"]
    assert found["in_force"]["max_capacity"] == found["settings"]["max_capacity"] == 8
    assert flyball(*SIZED, *EXPECTED, "--json").json["measured"] is None


def test_it_is_told_for_people() -> None:
    """A row for each load, what broke first in a sentence, and what was changed for it."""
    done = flyball(*SIZED, *EXPECTED, "--measured", "worse.csv")
    assert (done.code, done.err) == (1, "")
    table = done.out.partition("Measured: the whole endpoint")[2]
    assert "in force: 1 to 8 instances, each held at 5,000 a minute (as the method says" in table
    row = next(line.split() for line in table.splitlines() if line.strip().startswith("200"))
    assert row == ["200", "20,000", "15,000", "400", "ms", "25.0%", "4", "40,084", "fails"]
    assert "It does not hold: at most 30,000 requests a minute are expected, and 8,990" in table
    assert "First: at 20,000 requests a minute 25.0% of the calls failed: 4 instances" in table
    assert "Changed: InvocationsPerInstance 5,000 → 1,871; MinCapacity 1 → 3; MaxCap" in table


def test_instances_that_nobody_counted_are_reckoned() -> None:
    """A load that grows faster than is expected shows no fleet that has scaled."""
    done = flyball(*SIZED, *EXPECTED, "--measured", "fast.csv")
    assert done.code == 1
    assert "~ is reckoned: nobody counted the instances." in done.out
    assert "Whether it holds is not known" in done.out
    assert "a load held for 60 s shows no fleet that has scaled" in done.out
    assert "~1" in done.out


def test_round_by_round_until_it_holds(files: Path) -> None:
    """Written, tried, changed, simulated again, applied, tried again, and left as it is then."""
    write = ("--write", "f.yaml", "--endpoint", "churn", "--variant", "a", "--overwrite")
    assert flyball(*SIZED, *EXPECTED, *write).code == 0
    first = (files / "f.yaml").read_text()
    (files / "f.yaml").write_text(first.replace("mode: advise", "mode: apply"))
    done = flyball(*SIZED, *EXPECTED, *write, "--measured", "worse.csv", "--evaluate", "--json")
    assert done.code == 1
    assert done.json["measured"]["in_force"]["from"] == "f.yaml"
    assert done.json["policies"]["evaluation"]["holds"]
    second = (files / "f.yaml").read_text()
    (target,) = config.loads(second).scalable_targets
    assert (target.min_capacity, target.max_capacity, target.mode.value) == (3, 21, "apply")
    held = [each for each in target.policies if isinstance(each, TrackingPolicy)]
    assert held[0].target_value == 1_871.0
    plain = " ".join(second.replace("#", " ").split())
    assert "Then: measured on the endpoint: at 20,000 requests a minute 25.0% of the" in plain
    assert "Measured on the endpoint: It does not hold" in plain
    assert "Simulated: It holds" in plain
    done = flyball(*SIZED, *EXPECTED, *write, "--measured", "well.csv", "--json")
    assert done.code == 0, done
    assert done.json["measured"]["in_force"]["invocations_per_instance"] == 1_871.0
    third = (files / "f.yaml").read_text()
    assert config.loads(third).scalable_targets == config.loads(second).scalable_targets
    assert "# Measured on the endpoint: It holds: at most 30,000" in third
    assert third.count("Measured on the endpoint: It") == 1


def test_a_load_that_was_held_again_is_judged_by_the_last_time(files: Path) -> None:
    """Instances came meanwhile."""
    rows = "50,5000,5000,20,60,1\n500,30000,9000,400,60,1\n500,30000,30000,25,600,6\n"
    (files / "late.csv").write_text(f"{HEAD}{rows}")
    done = flyball(*SIZED, *EXPECTED, "--measured", "late.csv")
    assert done.code == 0, done
    assert "note: 500 users were held more than once: the last time counts" in done.out
    (files / "gone.csv").write_text(f"{HEAD}{''.join(reversed(rows.splitlines(keepends=True)))}")
    assert flyball(*SIZED, *EXPECTED, "--measured", "gone.csv").code == 1


def test_a_config_in_force_may_be_named(files: Path) -> None:
    """And holds several targets, of which one is meant."""
    assert flyball(*SIZED, *EXPECTED, "--write", "f.yaml", "--id", "a", "--quota", 2).code == 0
    more = (*SIZED, *EXPECTED, "--measured", "worse.csv", "--in-force", "f.yaml", "--json")
    done = flyball(*more)
    assert done.json["measured"]["in_force"]["max_capacity"] == 2
    text = (files / "f.yaml").read_text()
    _, _, target = text.partition("  - id: a\n")
    (files / "f.yaml").write_text(f"{text}\n  - id: b\n{target}")
    expect_refusal(flyball(*more), "f.yaml: it has no scalable target 'model'", "--id", "a, b")
    named = flyball(*more, "--id", "b", "--write", "g.yaml")
    assert named.json["measured"]["in_force"]["max_capacity"] == 2
    assert named.code == 1


def test_what_people_added_is_kept(files: Path) -> None:
    """Targets, keys and comments; a file that is named may go to another one."""
    assert flyball(*SIZED, *EXPECTED, "--write", "f.yaml", "--id", "a", "--quota", 2).code == 0
    text = (files / "f.yaml").read_text()
    mine = text.replace("    min_capacity: 1\n", "    tick: 30s  # mine\n    min_capacity: 1\n")
    mine += "\n  - id: b\n" + text.partition("  - id: a\n")[2]
    (files / "f.yaml").write_text(mine)
    words = (*SIZED, *EXPECTED, "--measured", "worse.csv", "--in-force", "f.yaml", "--id", "a")
    done = flyball(*words, "--write", "g.yaml", "--evaluate")
    assert (done.code, done.err) == (1, "")
    assert "g.yaml: what was changed is set in it; all else is as f.yaml has it." in done.out
    assert (files / "f.yaml").read_text() == mine
    made = (files / "g.yaml").read_text()
    assert "    tick: 30s  # mine\n" in made
    assert made.count("# Simulated: ") == 1
    first, second = config.loads(made).scalable_targets
    assert (first.min_capacity, second.min_capacity, second.max_capacity) == (3, 1, 2)
    done = flyball(*words, "--write", "g.yaml", "--overwrite", "--in-force", "g.yaml")
    assert (
        "# Simulated: not again, since values of it were changed." in (files / "g.yaml").read_text()
    )
    assert "g.yaml: what was changed is set in it; all else is as it was." in done.out


def test_a_config_that_is_not_meant_is_refused(files: Path) -> None:
    """Before anything is written over it."""
    aws = ("--write", "f.yaml", "--endpoint", "churn", "--variant", "a")
    assert flyball(*SIZED, *EXPECTED, *aws).code == 0
    measured = (*SIZED, *EXPECTED, "--measured", "worse.csv", "--in-force", "f.yaml")
    text = (files / "f.yaml").read_text()
    for words, says in (
        (("--home", "local"), ("--home: got local", "f.yaml is of aws")),
        (("--endpoint", "other", "--variant", "a"), ("scales endpoint=churn", "endpoint=other")),
        (("--adaptive",), ("--adaptive", "f.yaml has policies of another kind")),
        (("--id", "other"), ("f.yaml: it has no scalable target 'other'",)),
    ):
        expect_refusal(flyball(*measured, *words), *says)
    bare = text.partition("    policies:\n")[0]
    (files / "f.yaml").write_text(bare)
    expect_refusal(
        flyball(*measured, *aws, "--overwrite"),
        "--write: f.yaml: what is changed cannot be set in it",
        "InvocationsPerInstance 1,871",
    )
    expect_refusal(flyball(*measured, "--evaluate"), "--evaluate: f.yaml")
    assert (files / "f.yaml").read_text() == bare


def test_a_config_is_written_over_whole_or_not_at_all(files: Path) -> None:
    """Through a link, with its permissions; no part is left behind."""
    assert flyball(*SIZED, *EXPECTED, "--write", "f.yaml").code == 0
    (files / "f.yaml").chmod(0o600)
    (files / "link.yaml").symlink_to(files / "f.yaml")
    words = (*SIZED, *EXPECTED, "--measured", "worse.csv", "--write", "link.yaml", "--overwrite")
    assert flyball(*words).code == 1
    assert (files / "link.yaml").is_symlink()
    assert "min_capacity: 3" in (files / "f.yaml").read_text()
    assert (files / "f.yaml").stat().st_mode & 0o777 == 0o600
    assert not list(files.glob(".*.part"))


def test_a_load_test_that_ended_too_soon_is_told(files: Path) -> None:
    """As what it is, and not as what broke first."""
    (files / "short.csv").write_text(f"{HEAD}50,5000,5000,20,600,1\n")
    done = flyball(*SIZED, *EXPECTED, "--measured", "short.csv")
    assert done.code == 1
    assert "\nThe load test ended at 5,000 requests a minute: nothing is known beyond." in done.out


def test_a_quota_counts_without_a_config() -> None:
    """It bounds what is changed."""
    done = flyball(*SIZED, *EXPECTED, "--measured", "worse.csv", "--quota", 9, "--json")
    assert done.json["measured"]["settings"]["max_capacity"] == 9


def test_a_quota_bounds_what_is_raised(files: Path) -> None:
    """By the method as well as by what was measured."""
    done = flyball(
        *(*SIZED, *EXPECTED, "--measured", "worse.csv", "--quota", 9, "--write", "f.yaml"), "--json"
    )
    assert done.json["measured"]["settings"]["max_capacity"] == 9
    assert "max_capacity: 9\n" in (files / "f.yaml").read_text()


def test_a_saved_job_of_an_endpoint_is_of_so_many(files: Path) -> None:
    """Which it does not say itself; as a benchmark of one instance it is refused."""
    words = (*SIZED, *EXPECTED, "--measured", "job.json", "--json")
    expect_refusal(flyball(*words), "how many instances served is not told", "--measured-instances")
    done = flyball(*words, "--measured-instances", 8)
    assert done.code == 1
    found = done.json["measured"]
    assert (found["limit"], found["handled_per_minute"]) == ("instance", 16_000.0)
    assert found["source"] == "churn-4: endpoint churn"
    assert "answered 2,000 each" in found["why"]
    refused = flyball("size", "job.json", *EXPECTED)
    expect_refusal(refused, "which is not of one instance", "--measured FILE, or --measured reco")
    assert (files / "job.json").exists()


def test_a_fleet_is_no_benchmark_of_one(files: Path) -> None:
    """It says how many served."""
    done = flyball("size", "well.csv", *EXPECTED)
    expect_refusal(done, "well.csv", "of 6 instances", "--measured")
    assert (files / "well.csv").exists()


@dataclass(frozen=True)
class Wrong:
    """What does not fit together, and what is said of it."""

    id: str
    words: tuple[Any, ...]
    says: tuple[str, ...]


FLEET = ("--measured", "well.csv")
WRONG = [
    Wrong("nothing is expected", FLEET, ("--measured: it is held against", "--most, or --trace")),
    Wrong(
        "one instance", (*EXPECTED, "--measured", "loadtest.csv"), ("load test of one instance",)
    ),
    Wrong("no job", (*EXPECTED, "--measured", "recommender:"), ("expected recommender:JOB",)),
    Wrong("two", (*EXPECTED, *FLEET, "--measured", "recommender:a"), ("give one job, or files",)),
    Wrong("alone", ("--measured-instances", 3), ("--measured-instances: only with --measured",)),
    Wrong("in force alone", ("--in-force", "f.yaml"), ("--in-force: only with --measured",)),
    Wrong("no file", (*EXPECTED, "--measured", "none.csv"), ("none.csv", "No such file")),
    Wrong("no config", (*EXPECTED, *FLEET, "--in-force", "none.yaml"), ("none.yaml",)),
    Wrong(
        "another latency",
        (*EXPECTED, *FLEET, "--latency", "p99<=100ms"),
        ("well.csv", "p99 was not measured, only p95"),
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_what_does_not_fit_is_refused(wrong: Wrong) -> None:
    """In one line, with the remedy."""
    done: Done = flyball(*SIZED, *wrong.words)
    expect_refusal(done, *wrong.says)


def test_columns_that_are_named_are_of_both_tables(files: Path) -> None:
    """One that lacks them is named; a rate alone tells as much."""
    (files / "own.csv").write_text("u,rate_per_minute,p95_ms,served\n50,5000,9,1\n500,30000,9,6\n")
    named = ("--column", "instances=served", "--column", "users=u")
    done = flyball(*SIZED, *EXPECTED, "--measured", "own.csv", "--json", *named)
    expect_refusal(done, "loadtest.csv:1: no column 'u'")
    rate = (*SIZED, *EXPECTED, "--measured", "own.csv", "--column", "offered=rate_per_minute")
    done = flyball(*rate, "--unit", "requests=minute", "--json")
    assert (done.code, done.json["measured"]["handled_per_minute"]) == (0, 30_000.0), done
