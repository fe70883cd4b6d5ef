"""Does `flyball batch queue` make a policy of a latency, and say what becomes of messages?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball.config import load, loads
from tests.unit.cli.commands import expect_refusal, flyball

SIZED = ("batch", "queue", "--acceptable-latency", "10s", "--seconds-per-message", "0.1")
DAY = (*SIZED, "--least", "5", "--most", "95", "--growth", "1.2")
HOURS = 3


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Record three hours: 300 messages a minute, and 3,000 for ten minutes of each hour."""
    path = tmp_path / "sent.csv"
    lines = [
        f"2026-01-05T{minute // 60:02}:{minute % 60:02}:00Z,{3000 if minute % 60 >= 50 else 300}"
        for minute in range(HOURS * 60)
    ]
    path.write_text("timestamp,messages\n" + "\n".join(lines) + "\n")
    return path


def test_the_published_backlog_comes_out() -> None:
    """10 s ÷ 0.1 s are 100; nothing is tried where it is not said what arrives."""
    done = flyball(*SIZED)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("100 messages may wait for each instance: 10 s ÷ 0.1 s a message.")
    assert "The last of them waits 10 s, and ends 0.1 s later." in done.out
    assert "--most" in done.out
    found = flyball(*SIZED, "--json").json
    assert found["backlog_per_instance"] == 100
    assert (found["min_capacity"], found["tried"], found["config"]) == (None, [], None)


def test_a_day_s_messages_keep_the_latency() -> None:
    """The config that is made is sound, and keeps it; backlog alone does not."""
    found = flyball(*DAY, "--price", "0.2", "--json")
    assert found.code == 0
    value = found.json
    (target,) = loads(value["config"]).scalable_targets
    assert (target.min_capacity, target.max_capacity) == (1, 12)
    both, alone = value["tried"]
    assert value["keeps"] is True
    assert both["kept_ratio"] > 0.99 > alone["kept_ratio"]
    assert both["cost"] == pytest.approx(0.2 * both["instance_hours"])
    assert both["latency_s"]["p50"] == pytest.approx(0.1)


def test_chance_is_told_where_it_is_more_than_may_be() -> None:
    """A second for half a second's message leaves chance no room; ten leave enough."""
    few = ("batch", "queue", "--acceptable-latency", "1s", "--seconds-per-message", "0.5")
    arriving = ("--least", "5", "--most", "95")
    done = flyball(*few, *arriving)
    value = flyball(*few, *arriving, "--json").json
    assert value["late_by_chance_ratio"] > 0.135
    told = f"By chance {value['late_by_chance_ratio']:.2%} take too long while 3 instances serve"
    assert told in done.out
    assert "no more than 1.00%" not in done.out
    alone = flyball(*few, *arriving, "--backlog-only")
    assert "By chance" not in alone.out
    day = flyball(*DAY)
    assert "By chance" not in day.out
    assert flyball(*DAY, "--json").json["late_by_chance_ratio"] < 0.01
    one = flyball(*few, "--most", "5")
    assert "while 1 instance serves" in one.out


def test_a_config_is_written_once(tmp_path: Path) -> None:
    """And validates; one that is there is not lost."""
    path = tmp_path / "flyball.yaml"
    done = flyball(*DAY, "--write", path)
    assert done.code == 0
    assert f"Written: {path}" in done.out
    assert load(path).scalable_targets[0].id == "workers"
    assert flyball("validate", path).code == 0
    expect_refusal(flyball(*DAY, "--write", path), "--write", "--overwrite")


def test_recorded_messages_are_tried_with_the_config_that_is_there(
    trace: Path, tmp_path: Path
) -> None:
    """It says what its policy lets wait, what is kept, and with how many at least it would be."""
    path = tmp_path / "flyball.yaml"
    assert flyball(*DAY, "--write", path).code == 0
    path.write_text(path.read_text().replace("target_value: 100", "target_value: 500"))
    done = flyball(*SIZED, "--config", path, "--trace", trace)
    assert (done.code, done.err) == (1, "")
    assert "Policy backlog lets 500 wait: too many for this latency" in done.out
    assert "sent.csv: 5 to 50 messages a second." in done.out
    assert "this config" in done.out
    assert "version: 1" not in done.out
    value = flyball(*SIZED, "--config", path, "--trace", trace, "--json").json
    assert value["target_values"] == {"backlog": 500}
    assert value["at_least"] > 1
    assert value["config"] is None
    assert [each["kept_ratio"] >= 0.99 for each in value["tried"]] == [False, True]
    again = path.read_text().replace("min_capacity: 1", f"min_capacity: {value['at_least']}")
    path.write_text(again)
    assert flyball(*SIZED, "--config", path, "--trace", trace).code == 0


def test_what_all_workers_do_not_keep_is_said(trace: Path, tmp_path: Path) -> None:
    """With the remedies."""
    path = tmp_path / "flyball.yaml"
    assert flyball(*SIZED, "--most", "20", "--write", path).code == 0
    done = flyball(*SIZED, "--config", path, "--trace", trace)
    assert done.code == 1
    assert "All workers at all times would not do either." in done.out


def test_a_pool_of_google_s_is_written() -> None:
    """Its backlog is a total, and the service picks inside the range."""
    done = flyball(*DAY, "--pool", "shop/europe-west4/p", "--subscription", "orders")
    assert done.code == 0
    assert "deployment_resource_pool: p" in done.out
    assert "subscription_id: orders" in done.out
    assert "inside it Google's own service picks" in done.out


def test_names_of_a_group_are_its_own() -> None:
    """As they were typed."""
    made = flyball(*DAY, "--group", "no", "--queue", "a b", "--json").json["config"]
    (target,) = loads(made).scalable_targets
    assert target.resource == {"auto_scaling_group": "no"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--acceptable-latency", "50ms"), ("--acceptable-latency", "a duration such as")),
        (("--seconds-per-message", "11"), ("--acceptable-latency", "faster")),
        (("--seconds-per-message", "0"), ("--seconds-per-message", "0.000001")),
        (("--seconds-per-message", "nan"), ("--seconds-per-message", "number")),
        (("--share", "1"), ("--share", "0.99")),
        (("--growth", "0.5"), ("--growth", "1 or more")),
        (("--least", "-1"), ("--least", "messages a second")),
        (("--most", "0"), ("--most", "above 0")),
        (("--least", "5", "--most", "4"), ("--most", "--least")),
        (("--price", "nan", "--most", "4"), ("--price", "0 or more")),
        (("--shape", "square", "--most", "4"), ("--shape", "smooth, spiky, ramp")),
        (("--pool", "p", "--most", "4"), ("--pool", "PROJECT/LOCATION/POOL")),
        (("--pool", "a/b/p", "--most", "4"), ("--pool", "'b'", "europe-west4")),
        (("--pool", "a/europe-west4/p", "--at-least", "0"), ("--at-least", "1 or more")),
        (("--write", "x.yaml"), ("--write", "--most")),
        (("--most", "9000000", "--seconds-per-message", "9"), ("--most", "unit")),
        (("--lead-time", "x", "--most", "4"), ("--lead-time",)),
        (("--trace", "none.csv"), ("none.csv",)),
        (("--trace", "none.csv", "--most", "5"), ("--trace", "--most")),
        (("--config", "none.yaml", "--write", "x.yaml"), ("--write", "--config")),
        (("--config", "none.yaml"), ("none.yaml",)),
    ],
)
def test_what_is_typed_wrongly_is_named(options: tuple[str, ...], words: tuple[str, ...]) -> None:
    """The option and the remedy, on one line."""
    expect_refusal(flyball(*SIZED, *options), *words)


def test_which_target_and_metric_is_meant_has_to_be_clear(tmp_path: Path) -> None:
    """Of several the user names one; what an expression measures is said."""
    path = tmp_path / "flyball.yaml"
    assert flyball(*DAY, "--write", path).code == 0
    named = path.read_text().replace("backlog-per-instance", "jobs-each")
    path.write_text(named.replace("queued / ready", "queued / ready * 1"))
    refused = flyball(*SIZED, "--config", path)
    expect_refusal(refused, "jobs-each", "--measures")
    said = flyball(*SIZED, "--config", path, "--measures", "jobs-each=backlog")
    assert said.code == 0
    assert "Policy backlog lets 100 wait: no more than may." in said.out
    expect_refusal(
        flyball(*SIZED, "--config", path, "--measures", "other=backlog"), "--measures", "other"
    )
    expect_refusal(flyball(*SIZED, "--config", path, "--target", "x"), "--target", "workers")


def test_a_trace_without_messages_is_refused(tmp_path: Path) -> None:
    """There is nothing to size by."""
    path = tmp_path / "none.csv"
    path.write_text(
        "timestamp,messages\n" + "".join(f"2026-01-05T00:{m:02}:00Z,0\n" for m in range(10))
    )
    expect_refusal(flyball(*SIZED, "--trace", path), "--trace", "no message")


@pytest.mark.parametrize("at_least", ["1", "0"])
def test_what_is_written_is_backtested_as_it_is(at_least: str, trace: Path, tmp_path: Path) -> None:
    """What one instance does, and what its metrics measure, is in the config."""
    written = tmp_path / "flyball.yaml"
    done = flyball(*DAY, "--at-least", at_least, "--write", str(written))
    assert done.code == 0
    found = flyball(
        *("backtest", "--config", str(written), "--trace", str(trace), "--requests", "messages"),
        *("--against", "static"),
    )
    assert (found.code, found.err) == (0, "")
    assert "capacity   600 " in found.out
    assert "capacity: where metric arrivals is full, as the config says" in found.out


def test_a_time_that_would_be_rounded_is_refused() -> None:
    """One and a half microseconds would be two."""
    expect_refusal(
        flyball(*SIZED[:-1], "0.0000015"), "--seconds-per-message: got 0.0000015, which is kept as"
    )
    batch = ("batch", "--items", "9", "--deadline", "1h", "--price", "1")
    expect_refusal(flyball(*batch, "--seconds", "0.0000015"), "--seconds: got 0.0000015, which")
    assert flyball(*batch, "--seconds", "0.333333333").code == 0
