"""Does a pull that cannot be say why: a permission, a name, or options that do not go together?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.aws.overheard import Wire
from tests.aws.remembered import CONFIG, LOCAL, Busy, answer_all, run, stand
from tests.unit.cli.commands import expect_refusal, flyball


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder with a config."""
    return stand(tmp_path, monkeypatch)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Answer in place of AWS."""
    return answer_all(monkeypatch)


class Trouble(NamedTuple):
    """A refusal, and the words that tell so."""

    code: str
    words: str
    says: tuple[str, ...]


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(
            "AccessDenied",
            "User: x is not authorized to perform: cloudwatch:GetMetricData",
            ("chat: AWS: metrics may not be read", "allow cloudwatch:GetMetricData on resource *"),
        ),
        Trouble("ExpiredToken", "it expired", ("no longer, good", "`aws sso login`")),
        Trouble("InternalServiceFault", "oops", ("chat: AWS: oops", "run it again")),
    ],
    ids=["denied", "expired", "failed"],
)
def test_a_refusal_names_the_remedy(wire: Wire, trouble: Trouble) -> None:
    """The permission that is missing, and that it only reads."""
    wire.fail("GetMetricData", trouble.code, trouble.words)
    expect_refusal(run(), *trouble.says)


def test_who_is_throttled_waits_and_goes_on(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to type it again."""
    monkeypatch.setattr("flyball.sim.pulled.WAITS_S", (0.0,) * 3)
    busy, refusals = Busy(), [0, 0, 0]

    def answer(given: Mapping[str, Any]) -> Any:
        busy.fails = refusals.pop() if refusals else None
        return busy.answer(given)

    wire.answers["GetMetricData"] = answer
    assert run("--days", 1).code == 0
    assert refusals == []


def test_an_answer_that_is_not_whole_is_not_kept(wire: Wire, folder: Path) -> None:
    """CloudWatch says so of each metric."""
    busy = Busy()
    busy.status = "InternalError"
    wire.answers["GetMetricData"] = busy.answer
    expect_refusal(run("--days", 1), "chat: AWS: ", "InternalError", "run it again")
    assert list(folder.glob("cache/**/part-*.csv")) == []


def test_of_several_one_that_has_nothing_stops_no_other(wire: Wire, folder: Path) -> None:
    """It is told at the end; if the first three have nothing, the others are not asked for."""
    _, _, one = CONFIG.partition("scalable_targets:\n")
    others = [one.replace("chat", name) for name in ("idle", "lost", "mute", "still")]
    (folder / "f.yaml").write_text(CONFIG + "".join(others[:1]))
    nothing = dict.fromkeys(("Invocations", "InvocationsPerInstance", "CPUUtilization"))
    busy, quiet = Busy(), Busy(**nothing)
    wire.answers["GetMetricData"] = lambda given: (
        busy.answer(given) if "chat" in str(given) else quiet.answer(given)
    )
    wire.answer("DescribeEndpoint", {"ProductionVariants": []})
    done = run("--days", 1)
    assert done.code == 2
    assert [each["scalable_target_id"] for each in done.json["targets"]] == ["chat"]
    assert [each["id"] for each in done.json["failed"]] == ["idle"]
    assert "1 of 2 could not be run, such as idle: " in done.err
    (folder / "f.yaml").write_text(CONFIG.partition("  - id")[0] + "".join(others))
    expect_refusal(run("--days", 1), "idle: ")
    asked = {
        name
        for each in wire.made("GetMetricData")
        for name in ("mute", "still")
        if name in str(each)
    }
    assert asked == {"mute"}


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"])
def test_without_credentials_or_region_nothing_is_asked(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The remedy is said."""
    for each in (
        (name, "AWS_REGION") if name != "AWS_ACCESS_KEY_ID" else (name, "AWS_SECRET_ACCESS_KEY")
    ):
        monkeypatch.delenv(each)
    expect_refusal(run(), "for AWS were found", "`aws sso login`")
    assert wire.made("GetMetricData") == []


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"AsyncInferenceConfig": {}, "ProductionVariants": []}, "it exists, and nothing reached"),
        ({"AsyncInferenceConfig": {"OutputConfig": {}}}, "asynchronous endpoint, which publishes"),
        (
            {"ProductionVariants": [{"VariantName": "blue"}, {"VariantName": "green"}]},
            "the endpoint has no variant 'AllTraffic'; it has blue, green",
        ),
        (None, "whether it exists could not be seen (AccessDeniedException)"),
    ],
    ids=["quiet", "asynchronous", "another variant", "denied"],
)
def test_where_nothing_is_found_it_is_looked_why(
    wire: Wire, described: Mapping[str, Any] | None, says: str
) -> None:
    """A refusal of that look hides nothing; the empty window is asked for again the next time."""
    nothing = dict.fromkeys(("Invocations", "InvocationsPerInstance", "CPUUtilization"))
    wire.answers["GetMetricData"] = Busy(**nothing).answer
    if described is None:
        wire.deny("sagemaker:DescribeEndpoint")
    else:
        wire.answer("DescribeEndpoint", described)
    for _ in range(2):
        expect_refusal(run("--days", 1), "chat: no datapoint from", says)
    assert len(wire.made("GetMetricData")) == 2


class Wrong(NamedTuple):
    """Options that do not go together, and what is said."""

    id: str
    options: tuple[object, ...]
    says: tuple[str, ...]


WRONG = [
    Wrong("two sources", ("--trace", "x.csv"), ("--from, --trace: give one of the two",)),
    Wrong("a column", ("--metric", "load"), ("--from, --metric: give one of the two",)),
    Wrong("another home", ("--target", "here"), ("'here' is at home 'local'", "--trace here=FILE")),
    Wrong("nobody", ("--target", "x"), ("has no scalable target 'x'",)),
    Wrong("two beginnings", ("--since", "2026-01-01", "--days", 3), ("--since, --days",)),
    Wrong(
        "too old", ("--since", "2020-01-01"), ("no more than 455 days are kept", "begin it after")
    ),
    Wrong("too short", ("--since", "now"), ("fewer than two periods",)),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_what_does_not_go_together_is_refused(wire: Wire, folder: Path, wrong: Wrong) -> None:
    """Before anything is asked."""
    (folder / "f.yaml").write_text(CONFIG + LOCAL)
    expect_refusal(run(*wrong.options), *wrong.says)
    assert wire.calls == []


def test_targets_of_another_home_are_left_out(wire: Wire, folder: Path) -> None:
    """Those of one service are run; where there are none that is said."""
    (folder / "f.yaml").write_text(CONFIG + LOCAL)
    assert len(run("--days", 1).json["targets"]) == 1
    assert len(wire.made("GetMetricData")) == 1
    done = flyball("backtest", "--config", "f.yaml", "--from", "cloud-monitoring")
    expect_refusal(done, "has no scalable target at home 'gcp'")


@pytest.mark.parametrize(
    "option", ["--since=now", "--until=now", "--cache=x", "--refresh", "--region=x"]
)
def test_an_option_of_a_pull_says_nothing_without_one(option: str) -> None:
    """It is not passed over in silence."""
    done = flyball("backtest", "--config", "f.yaml", option)
    expect_refusal(done, f"{option.partition('=')[0]}: only with --from")


def test_an_unknown_service_and_a_group_are_refused(folder: Path) -> None:
    """By name, with what there is."""
    done = flyball("backtest", "--config", "f.yaml", "--from", "prometheus")
    expect_refusal(done, "got 'prometheus', expected cloudwatch or cloud-monitoring")
    group = CONFIG.replace("{endpoint: chat, variant: AllTraffic}", "{auto_scaling_group: g}")
    (folder / "f.yaml").write_text(group)
    expect_refusal(run(), "chat: an EC2 Auto Scaling group counts no requests", "--trace chat=FILE")
