"""The checked-in schemas are those of the models, and refuse what the reader refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flyball.config import schema as config_schema
from flyball.config.fields import Strict
from flyball.config.models import Flyball
from flyball.config.policies import InRule, MissingSettings, OutRule, StepSettings
from flyball.config.schema import render, scenario_schema
from flyball.config.seen import CapacitySeen, Cause, ScenarioSettings
from flyball.config.source import Place, read_content, read_file
from flyball.config.validate import validate
from flyball.config.write import FOLDER, write
from flyball.core.model import MissingCause, Status
from flyball.core.policy import Adjustment, Aggregation, Comparison, MissingRule

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*.yaml"))
SCENARIOS = sorted((Path(__file__).resolve().parents[3] / "examples" / "scenarios").iterdir())


SOURCE = read_content("{}", "f.json")


@cache
def validator(name: str = "flyball") -> Draft202012Validator:
    """Give the validator of a schema."""
    made = config_schema() if name == "flyball" else scenario_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def reader_takes(value: Any, model: type[Strict] = Flyball) -> bool:
    """Say whether the reader takes the shape of a value."""
    own = {key: item for key, item in value.items() if not key.startswith("x-")}
    return not validate(Place(SOURCE), own, model, rounds=0).problems


def test_the_checked_in_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    """`python -m flyball.config.write` writes them again."""
    write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    for name in ("flyball.schema.json", "scenario.schema.json"):
        assert (FOLDER / name).read_text("utf-8") == (tmp_path / name).read_text("utf-8"), name


def test_a_schema_is_rendered_the_same_every_time() -> None:
    """No order of a set finds its way into it."""
    assert render(config_schema()) == render(json.loads(render(config_schema())))
    assert config_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every property of a schema, at any depth."""
    if isinstance(schema, list):
        for each in schema:
            yield from properties(each)
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()
        for each in schema.values():
            yield from properties(each)


def test_every_key_is_described() -> None:
    """An editor shows what a key means; titles and examples stand beside it."""
    found = list(properties(config_schema()))
    assert len(found) > 100
    assert [name for name, said in found if not said.get("description")] == []
    assert any("examples" in said for _, said in found)
    assert any("default" in said for _, said in found)


@pytest.mark.parametrize("path", [*EXAMPLES, *SCENARIOS], ids=lambda path: path.name)
def test_an_example_satisfies_the_schema_that_it_names(path: Path) -> None:
    """Its first line leads an editor to the checked-in schema."""
    name = "flyball" if path in EXAMPLES else "scenario"
    assert not list(validator(name).iter_errors(read_file(path).value))
    if path.suffix == ".yaml":
        first = path.read_text("utf-8").splitlines()[0]
        target = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / target).resolve() == FOLDER / f"{name}.schema.json"


SOUND: dict[str, Any] = {
    "version": 1,
    "x-own": 3,
    "defaults": {"time_zone": "Europe/Berlin", "tick": "60s", "heartbeat": 300},
    "scalable_targets": [
        {
            "id": "a",
            "min_capacity": 1,
            "max_capacity": 2.0,
            "resource": {"endpoint": "e", "port": 1, "deep": {"x": True}},
            "metrics": [{"name": "m", "unit": "ratio", "period": "PT1M", "source": {"a": "b"}}],
            "policies": [
                {
                    "name": "t",
                    "kind": "target_tracking",
                    "metric": "m",
                    "target_value": 70,
                    "scale_out": {"datapoints": "2 of 3", "tolerance": 0.1},
                    "scale_in": {"datapoints": 5, "low_ratio": 0.9, "disabled": False},
                    "missing": {"scale_out": "hold", "scale_in": "block_scale_in"},
                },
                {
                    "name": "s",
                    "kind": "step",
                    "metric": "m",
                    "threshold": 5,
                    "comparison": ">=",
                    "steps": [{"from": 0, "to": 10, "add": 1}, {"lower": 10, "set": 3}],
                },
                {
                    "name": "c",
                    "kind": "scheduled",
                    "schedule": "rate(1 day)",
                    "start": "2026-01-01T00:00:00Z",
                    "max_capacity": 3,
                },
                {
                    "PolicyName": "p",
                    "TargetTrackingScalingPolicyConfiguration": {
                        "TargetValue": 7,
                        "CustomizedMetricSpecification": {"MetricName": "x"},
                    },
                    "CreationTime": 1.5,
                },
                {
                    "ScheduledActionName": "q",
                    "Schedule": "rate(1 day)",
                    "ScalableTargetAction": {"MinCapacity": None, "MaxCapacity": 3},
                },
            ],
            "windows": [
                {"name": "w", "from": "08:00", "to": "24:00", "days": ["mon-fri"], "floor": 1},
                {"name": "v", "start": "at(x)", "duration": "1h", "pin": 1, "also": ["2026-01-02"]},
            ],
            "scale_in": {"rates": [{"count": 1, "period": 60}], "select": "min"},
            "zero": {"metric": "m", "activation_threshold": -1},
            "fallback": {"capacity": 0, "after": 0},
            "price_per_hour": 0.5,
            "aws_scaling_policies": "x.json",
            "aws_scheduled_actions": {"ScheduledActions": []},
            "autoScaling": {"minNodes": 1, "metrics": [{"name": "CPU_USAGE"}]},
        }
    ],
}


def test_a_file_with_everything_satisfies_both() -> None:
    """The ground of the next tests."""
    assert not list(validator().iter_errors(SOUND))
    assert reader_takes(SOUND)


class Spot(NamedTuple):
    """A place in a value."""

    path: tuple[Any, ...]


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[Spot]:
    """Yield every place in a value but its root."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in items:
        yield Spot((*path, key))
        yield from spots(each, (*path, key))


SPOTS = list(spots(SOUND))
REPLACEMENTS: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    1.0,
    2.5,
    1e9,
    "",
    "a",
    "5m",
    "0s",
    "08:00",
    "2026-12-25",
    "3 of 3",
    [],
    ["a"],
    {},
    {"a": 1},
]


def replaced(path: tuple[Any, ...], value: Any) -> Any:
    """Give a copy of the sound file with another value at a place."""
    made = copy.deepcopy(SOUND)
    around = made
    for part in path[:-1]:
        around = around[part]
    around[path[-1]] = value
    return made


@pytest.mark.parametrize("spot", SPOTS, ids=lambda spot: ".".join(map(str, spot.path)))
def test_the_schema_and_the_reader_agree_on_every_value(spot: Spot) -> None:
    """Whatever stands in the place of a value, both take it or both refuse it."""
    for value in REPLACEMENTS:
        made = replaced(spot.path, value)
        assert validator().is_valid(made) == reader_takes(made), (spot.path, value)


@pytest.mark.parametrize("spot", SPOTS, ids=lambda spot: ".".join(map(str, spot.path)))
def test_the_schema_and_the_reader_agree_on_every_key(spot: Spot) -> None:
    """A key left out or one too many is the same to both."""
    around = SOUND
    for part in spot.path[:-1]:
        around = around[part]
    if isinstance(around, dict):
        for key in (None, "zzz", "floor", "percent", "tolerance", "end"):
            made = copy.deepcopy(SOUND)
            inner = made
            for part in spot.path[:-1]:
                inner = inner[part]
            value = inner.pop(spot.path[-1])
            if key is not None:
                inner[spot.path[-1]] = value
                inner[key] = inner.get(key, 1)
            assert validator().is_valid(made) == reader_takes(made), (spot.path, key)


@given(
    st.sampled_from(SPOTS),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-3, 10_000)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(alphabet="05:-Tofmhsd ZP", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["name", "kind", "from", "to"]), inner, max_size=2)
        ),
        max_leaves=3,
    ),
)
def test_the_schema_and_the_reader_agree_on_any_value(spot: Spot, value: Any) -> None:
    """As above, for values that nobody thought of."""
    made = replaced(spot.path, value)
    assert validator().is_valid(made) == reader_takes(made)


def test_the_schema_and_the_reader_agree_on_scenarios() -> None:
    """Their observation is the part that people write by hand."""
    base: dict[str, Any] = {"compiled_target": {"id": "x"}, "observation": {"capacity": 1}}
    for seen in (1, 2.5, -1, True, None, "x", [1, None], [[1]], [{"at": "now", "value": 1}], {},
                 [{"at": "now"}], {"missing": "stale"}, {"missing": "x"}, {"desired": 1},
                 {"desired": 1, "status": "idle"}, {"desired": 1, "ready": 0}):  # fmt: skip
        for observation in ({"capacity": seen}, {"capacity": 1, "metrics": {"m": seen}}):
            made = base | {"observation": observation}
            taken = reader_takes(made, ScenarioSettings)
            assert validator("scenario").is_valid(made) == taken, observation


def values(enum: Any) -> set[str]:
    """Give the words of an enum."""
    return {member.value for member in enum}


def words(model: type[Strict], field: str) -> set[str]:
    """Give the words that a key may have."""
    found = model.model_json_schema()["properties"][field]
    return {word for each in found.get("anyOf", [found]) for word in each.get("enum", [])}


def test_the_words_of_the_file_are_the_engines() -> None:
    """A word that is added to the engine is missed here."""
    assert set(get_args(InRule)) == values(MissingRule)
    assert set(get_args(OutRule)) == values(MissingRule) - {"block_scale_in"}
    assert set(get_args(Cause)) == values(MissingCause)
    assert words(StepSettings, "comparison") == values(Comparison)
    assert words(StepSettings, "adjustment") == values(Adjustment)
    assert words(StepSettings, "aggregation") == values(Aggregation)
    assert words(CapacitySeen, "status") == values(Status)
    assert words(MissingSettings, "scale_in") == values(MissingRule)
