"""Does every stored value come back as it was, from a text that never changes?"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.codec import canonical, decode, encode, parse
from flyball.core.model import (
    Capacity,
    Change,
    Datapoint,
    Decision,
    Direction,
    History,
    Missing,
    MissingCause,
    Observation,
    Pause,
)
from flyball.core.policy import ScheduledPolicy, StepPolicy, TrackingPolicy
from flyball.core.record import DecisionRecord
from flyball.core.remember import Noticed
from flyball.core.target import Metric, ScalableTarget, ZeroRule
from flyball.ports import Outcome, Trigger
from tests.unit.core.values import INSTANTS, stored

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STORED = (
    ScalableTarget,
    Observation,
    History,
    Decision,
    DecisionRecord,
    Noticed,
    Pause,
    Outcome,
    Trigger,
)


@pytest.mark.parametrize("cls", STORED, ids=lambda cls: cls.__name__)
def test_every_stored_value_comes_back_as_it_was(cls: type) -> None:
    """Written, read and written again: the same value and the same text."""

    @given(stored(cls))
    def check(value: Any) -> None:
        text = canonical(value)
        again: Any = parse(cls, text)
        assert again == value
        assert canonical(again) == text
        assert text.isascii()

    check()


@given(stored(DecisionRecord, nan=True))
def test_a_record_with_values_that_are_none_keeps_its_text(record: DecisionRecord) -> None:
    """NaN equals nothing, so only the text can tell that it came back."""
    text = canonical(record)
    assert canonical(parse(DecisionRecord, text)) == text


class Golden(NamedTuple):
    """A value, and the text that it has for ever: a ledger's hashes stand on it."""

    id: str
    value: Any
    text: str


GOLDEN = (
    Golden("nothing", History(), "{}"),
    Golden("whole_float", Datapoint(NOON, 3.0), '["2026-11-21T12:00:00Z",3]'),
    Golden("minus_zero", Datapoint(NOON, -0.0), '["2026-11-21T12:00:00Z",-0.0]'),
    Golden("shortest_float", Datapoint(NOON, 0.1), '["2026-11-21T12:00:00Z",0.1]'),
    Golden("large_float", Datapoint(NOON, 2.0**53), '["2026-11-21T12:00:00Z",9007199254740992.0]'),
    Golden("nan", Datapoint(NOON, math.nan), '["2026-11-21T12:00:00Z","nan"]'),
    Golden("infinity", Datapoint(NOON, math.inf), '["2026-11-21T12:00:00Z","inf"]'),
    Golden("minus_infinity", Datapoint(NOON, -math.inf), '["2026-11-21T12:00:00Z","-inf"]'),
    Golden("ready", Datapoint(NOON, 1.5, 4), '["2026-11-21T12:00:00Z",1.5,4]'),
    Golden("reporting", Datapoint(NOON, 1.5, None, 3), '["2026-11-21T12:00:00Z",1.5,null,3]'),
    Golden(
        "microseconds",
        Change(NOON + timedelta(microseconds=250), 2, 4, ("a",)),
        '{"after":4,"at":"2026-11-21T12:00:00.000250Z","before":2,"policies":["a"]}',
    ),
    Golden(
        "another_zone",
        Pause(Direction.IN, NOON.astimezone(timezone(timedelta(hours=9))), "ånn"),
        '{"by":"\\u00e5nn","direction":"scale_in","until":"2026-11-21T12:00:00Z"}',
    ),
    Golden(
        "policy",
        TrackingPolicy("t", "m", 70, scale_out_cooldown=timedelta(seconds=0.5)),
        '{"kind":"tracking","metric":"m","name":"t","scale_out_cooldown":0.5,"target_value":70}',
    ),
    Golden("missing", Missing(MissingCause.STALE), '{"cause":"stale"}'),
    Golden("capacity", Capacity(2, 1), '{"desired":2,"ready":1}'),
    Golden("date", [date(2026, 11, 21)], '["2026-11-21"]'),
    Golden("plain", MappingProxyType({"b": True, "a": (None, 1)}), '{"a":[null,1],"b":true}'),
)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.id)
def test_a_text_never_changes(case: Golden) -> None:
    """A changed text would break every chain that was ever written."""
    assert canonical(case.value) == case.text


EQUAL = (
    (ZeroRule("m", 1, timedelta(1)), ZeroRule("m", 1.0, timedelta(hours=24))),
    (TrackingPolicy("t", "m", 70), TrackingPolicy("t", "m", 70.0)),
    (TrackingPolicy("t", "m", 7, high_ratio=1), TrackingPolicy("t", "m", 7, high_ratio=1.0)),
    (TrackingPolicy("t", "m", 2**60), TrackingPolicy("t", "m", 2.0**60)),
    (Datapoint(NOON, 3), Datapoint(NOON, 3.0)),
    (History(missing_since={"b": NOON, "a": NOON}), History(missing_since={"a": NOON, "b": NOON})),
)


@pytest.mark.parametrize("one", EQUAL, ids=lambda pair: type(pair[0]).__name__)
def test_equal_values_have_equal_texts(one: tuple[Any, Any]) -> None:
    """However they were written down: so their hashes are equal too."""
    assert one[0] == one[1]
    assert canonical(one[0]) == canonical(one[1])


def test_a_minus_zero_is_kept_though_it_equals_the_default() -> None:
    """Bit for bit: it is the one number that equals another and is not the same."""
    again = parse(ZeroRule, canonical(ZeroRule("m", -0.0)))
    assert math.copysign(1, again.activation_threshold) == -1
    assert canonical(ZeroRule("m", 0.0)) == '{"metric":"m"}'


@given(INSTANTS)
def test_an_instant_is_written_in_utc(at: datetime) -> None:
    """Whatever its zone: so texts sort and compare as instants do."""
    text = encode(at)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at


@given(st.timedeltas(-timedelta(days=99_000), timedelta(days=99_000)))
def test_a_duration_keeps_its_microseconds(duration: timedelta) -> None:
    """Up to 272 years; a float has no more digits."""
    assert decode(timedelta, json.loads(canonical(duration))) == duration


def test_an_instant_without_a_time_zone_is_not_written() -> None:
    """Which instant it is would depend on the machine."""
    with pytest.raises(ValueError, match="2026-11-21T12:00:00 has no time zone"):
        canonical(Datapoint(NOON.replace(tzinfo=None), 1.0))


@pytest.mark.parametrize("value", [{1, 2}, Decimal(1), object()], ids=["set", "decimal", "object"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """A form that was made up would not come back."""
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(value)


@dataclass(frozen=True)
class Bad:
    """A text that is not what it should be, and what is then said, path first."""

    id: str
    cls: type
    text: str
    message: str


TARGET = '"id":"x","min_capacity":1,"max_capacity":2'
BAD = (
    Bad(
        "unknown_field", Capacity, '{"desired":1,"ready":1,"size":3}', "^unknown field 'size'; exp"
    ),
    Bad("missing_field", Capacity, '{"desired":1}', "^missing field 'ready'"),
    Bad("no_mapping", Capacity, "3", "^got 3, expected a mapping"),
    Bad("whole_number", Capacity, '{"desired":1.5,"ready":1}', "^desired: got 1.5, .*whole number"),
    Bad("no_boolean", Capacity, '{"desired":true,"ready":1}', "^desired: got True, .*whole number"),
    Bad("text", Outcome, '{"kind":"applied","detail":3}', "^detail: got 3, expected text"),
    Bad("enum", Outcome, '{"kind":"done"}', r"^kind: got 'done', expected one of \['aborted'"),
    Bad("enum_type", Outcome, '{"kind":[]}', r"^kind: got \[\], expected one of"),
    Bad("list", History, '{"changes":{}}', "^changes: got {}, expected a list"),
    Bad("item", History, '{"pauses":[{},{"by":3}]}', r"^pauses\[1\]\.by: got 3, expected text"),
    Bad(
        "mapped", History, '{"missing_since":{"m":3}}', r"^missing_since\.m: got 3, expected an in"
    ),
    Bad("instant", History, '{"active_at":"soon"}', "^active_at: got 'soon', expected an instant"),
    Bad("naive", History, '{"active_at":"2026-11-21T12:00"}', "^active_at: .*with an offset"),
    Bad(
        "first_year", History, '{"active_at":"0001-01-01T00:00+09:00"}', "^active_at: .*an instant"
    ),
    Bad(
        "zero_float",
        ZeroRule,
        '{"metric":"m","activation_threshold":"0"}',
        "threshold: got '0', .*num",
    ),
    Bad(
        "bool_float", ZeroRule, '{"metric":"m","activation_threshold":true}', "got True, .*a number"
    ),
    Bad("huge", ZeroRule, f'{{"metric":"m","activation_threshold":1{"0" * 400}}}', "beyond 10.308"),
    Bad("infinite", ZeroRule, '{"metric":"m","activation_threshold":"inf"}', "a finite number"),
    Bad("duration", Metric, '{"name":"m","period":"1m"}', "^period: got '1m', expected a number"),
    Bad("long", Metric, '{"name":"m","period":1e300}', "^period: got 1e.300, expected seconds"),
    Bad("endless", Metric, '{"name":"m","period":"inf"}', "^period: got 'inf', expected seconds"),
    Bad("nan", Metric, '{"name":"m","period":"nan"}', "^period: got 'nan', expected seconds"),
    Bad("invalid", Metric, '{"name":"m","period":0}', "^metric.period: got .*a duration above 0"),
    Bad(
        "kind",
        ScalableTarget,
        f'{{{TARGET},"policies":[{{"kind":"x"}}]}}',
        r"^policies\[0\]: kind: got",
    ),
    Bad(
        "kind_type",
        ScalableTarget,
        f'{{{TARGET},"policies":[{{"kind":{{}}}}]}}',
        "kind: got {}, exp",
    ),
    Bad(
        "no_kind", ScalableTarget, f'{{{TARGET},"policies":[{{}}]}}', "kind: got None, expected one"
    ),
    Bad(
        "policy",
        ScalableTarget,
        f'{{{TARGET},"policies":[3]}}',
        r"^policies\[0\]: got 3, expected a m",
    ),
    Bad(
        "date",
        ScalableTarget,
        f'{{{TARGET},"windows":[{{"name":"w","start":"x","except_dates":["21.11."]}}]}}',
        r"^windows\[0\]\.except_dates\[0\]: got '21.11.', expected a date such as",
    ),
    Bad(
        "date_type",
        ScalableTarget,
        f'{{{TARGET},"windows":[{{"name":"w","start":"x","except_dates":[3]}}]}}',
        r"except_dates\[0\]: got 3, expected a date such as",
    ),
    Bad(
        "datapoint",
        Observation,
        '{"at":"2026-11-21T12:00Z","capacity":{"desired":1,"ready":1},"metrics":{"m":[[1]]}}',
        r"^metrics\.m\[0\]: got \[1\], expected \[at, value",
    ),
    Bad(
        "datapoint_type",
        Observation,
        '{"at":"2026-11-21T12:00Z","capacity":{"desired":1,"ready":1},"metrics":{"m":[{}]}}',
        r"^metrics\.m\[0\]: got {}, expected \[at, value",
    ),
    Bad(
        "order",
        Observation,
        '{"at":"2026-11-21T12:00Z","capacity":{"cause":"stale"},"metrics":{"m":'
        '[["2026-11-21T12:00Z",1],["2026-11-21T12:00Z",1]]}}',
        r"^metrics\.m\[1\]\.at: got .*expected an instant after",
    ),
    Bad(
        "capacity",
        Observation,
        '{"at":"2026-11-21T12:00Z","capacity":[]}',
        "^capacity: got .*a map",
    ),
    Bad("no_json", History, "{", "^Expecting property name"),
    Bad("deep", History, "[" * 100_000, "^it is nested too deeply"),
)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_what_cannot_be_read_is_named_with_its_path(case: Bad) -> None:
    """Which field, what it holds, what was expected: always a ValueError."""
    with pytest.raises(ValueError, match=case.message):
        parse(case.cls, case.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("cls", STORED, ids=lambda cls: cls.__name__)
def test_no_text_makes_reading_fail_in_another_way(cls: type) -> None:
    """Whatever was stored or tampered with: a value, or a ValueError."""

    @given(st.data())
    def check(draws: st.DataObject) -> None:
        body = encode(draws.draw(stored(cls)))
        holder, key = draws.draw(st.sampled_from(list(_places(body))))
        holder[key] = draws.draw(JSON)
        with suppress(ValueError):
            assert isinstance(parse(cls, json.dumps(body)), cls)

    check()


def _places(body: Any) -> Any:
    """List where something could be changed in a piece of JSON."""
    if isinstance(body, dict):
        yield body, "planted"
        for key in list(body):
            yield body, key
            yield from _places(body[key])
    elif isinstance(body, list):
        for index, each in enumerate(body):
            yield body, index
            yield from _places(each)


def test_members_of_a_union_are_told_apart_by_their_kind() -> None:
    """Three kinds of policy in one list."""
    target = ScalableTarget(
        "x", 1, 2, metrics=(Metric("m"),), policies=(TrackingPolicy("t", "m", 1),)
    )
    (policy,) = parse(ScalableTarget, canonical(target)).policies
    assert type(policy) is TrackingPolicy
    assert {TrackingPolicy, StepPolicy, ScheduledPolicy} >= {type(policy)}
