"""Do an alert policy's labels carry whatever a scalable target may be called?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.gcp.labels import (
    LABELS_LIMIT,
    VALUE_LIMIT,
    Labelled,
    read_labels,
    write_labels,
)

GOOD_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
GOOD_VALUE = re.compile(r"[a-z0-9_-]{1,63}")
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)


@given(names, names, st.sampled_from(["high", "low"]))
def test_what_was_written_is_read(target: str, policy: str, side: str) -> None:
    """Within what Cloud Monitoring takes, whatever the names."""
    labels = write_labels(target, policy, side, "flyball")
    assert len(labels) <= LABELS_LIMIT
    for key, value in labels.items():
        assert GOOD_KEY.fullmatch(key)
        assert GOOD_VALUE.fullmatch(value)
    assert read_labels(labels | {"team": "ml"}) == Labelled("flyball", target, policy, side)


def test_a_plain_name_can_be_read_by_people() -> None:
    """And be filtered by in the console."""
    assert write_labels("endpoint/llm-7", "GPU duty", "high", "flyball") == {
        "flyball-prefix": "flyball",
        "flyball-target": "endpoint_2fllm-7",
        "flyball-policy": "_47_50_55_20duty",
        "flyball-side": "high",
    }


def test_a_long_name_goes_on_in_further_labels() -> None:
    """Each is full but the last."""
    labels = write_labels("a" * 256, "p", "low", "flyball")
    assert {key: len(labels[key]) for key in labels if "target" in key} == {
        "flyball-target": VALUE_LIMIT,
        "flyball-target-2": VALUE_LIMIT,
        "flyball-target-3": VALUE_LIMIT,
        "flyball-target-4": VALUE_LIMIT,
        "flyball-target-5": 4,
    }


def test_names_that_do_not_fit_are_refused() -> None:
    """With the remedy."""
    with pytest.raises(ValueError, match="shorten the scalable target's id"):
        write_labels("\U0001f525" * 256, "\U0001f525" * 256, "high", "flyball")


@pytest.mark.parametrize("labels", [{}, {"team": "ml"}, {"flyball-policy": "duty"}])
def test_a_policy_without_our_label_names_nobody(labels: dict[object, object]) -> None:
    """It may still be named by its display name."""
    assert read_labels(labels) is None


@pytest.mark.parametrize("value", ["Churn", "a/b", "_", "a_2", "_zz", "_ff", 7, "a b", "a\n"])
def test_a_label_that_nobody_wrote_so_is_refused(value: object) -> None:
    """By its name."""
    with pytest.raises(ValueError, match="flyball-target: letters a to z"):
        read_labels({"flyball-target": value})
