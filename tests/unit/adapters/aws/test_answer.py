"""Is an answer that is absurd told as unknown, and never as zero?"""

from __future__ import annotations

import pytest

from flyball.adapters.aws.answer import join, read_capacity, read_list, read_text
from flyball.core.model import Capacity, Missing, MissingCause, Status


@pytest.mark.parametrize(
    ("desired", "ready", "cause"),
    [
        (None, 2, MissingCause.NO_DATA),
        (2, None, MissingCause.NO_DATA),
        ("2", 2, MissingCause.NO_DATA),
        (2.5, 2, MissingCause.NO_DATA),
        (True, 2, MissingCause.NO_DATA),
        (-1, 2, MissingCause.NEGATIVE),
        (2, -1, MissingCause.NEGATIVE),
    ],
)
def test_a_count_that_is_none_makes_the_capacity_missing(
    desired: object, ready: object, cause: MissingCause
) -> None:
    """With what was told beside it."""
    seen = read_capacity("group", desired, ready, Status.BUSY, ("Updating",))
    assert isinstance(seen, Missing)
    assert seen.cause is cause
    assert seen.detail.startswith("group: ")
    assert seen.detail.endswith("; Updating")


def test_zero_is_a_count() -> None:
    """What is there is said, empty remarks are not."""
    seen = read_capacity("group", 0, 0, Status.IN_SERVICE, ("InService", "", "two more"))
    assert seen == Capacity(0, 0, detail="InService; two more")


def test_fields_of_a_wrong_type_are_as_absent() -> None:
    """An answer may be anything that somebody sent."""
    assert read_list({"a": [{"b": 1}, 2, None]}, "a") == [{"b": 1}]
    assert read_list({"a": "text"}, "a") == []
    assert read_list({}, "a") == []
    assert (read_text({"a": "b"}, "a"), read_text({"a": 1}, "a"), read_text({}, "a")) == (
        "b",
        "",
        "",
    )
    assert join(("", "")) == ""
