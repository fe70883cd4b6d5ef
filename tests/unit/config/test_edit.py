"""Does a value reach a file that people wrote, with every other byte as it was?"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from flyball.config.edit import Edit, EditError, Value, edit
from flyball.config.problem import Path
from flyball.config.source import get, read_content

FILE = """\
# Keep this.
version: 1

scalable_targets:
  - id: chat   # odd  spaces
    policies:
      - name: keep
        kind: target_tracking   # by hand
        target_value: 630       # of 900
        scale_out: {datapoints: 2 of 2}
        scale_in:
          cooldown: 5m
          # nothing else

      # the other one
      - {name: steps, steps: [{from: 0, add: 1}], cooldown: '300'}
    min_capacity: 2


  - id: vision
    max_capacity: 4
# the end
"""


@dataclass(frozen=True)
class Case:
    """A file, a value, and the lines that are other lines then."""

    id: str
    text: str
    path: Path
    value: Value
    gone: str
    come: str


POLICIES = ("scalable_targets", 0, "policies")
CASES = [
    Case("number", FILE, (*POLICIES, 0, "target_value"), 655.5,
         "        target_value: 630       # of 900", "        target_value: 655.5       # of 900"),
    Case("in braces", FILE, (*POLICIES, 0, "scale_out", "datapoints"), "2 of 3",
         "        scale_out: {datapoints: 2 of 2}", "        scale_out: {datapoints: 2 of 3}"),
    Case("deep in braces", FILE, (*POLICIES, 1, "steps", 0, "add"), 3,
         "      - {name: steps, steps: [{from: 0, add: 1}], cooldown: '300'}",
         "      - {name: steps, steps: [{from: 0, add: 3}], cooldown: '300'}"),
    Case("quoted stays quoted", FILE, (*POLICIES, 1, "cooldown"), "2m",
         "      - {name: steps, steps: [{from: 0, add: 1}], cooldown: '300'}",
         "      - {name: steps, steps: [{from: 0, add: 1}], cooldown: '2m'}"),
    Case("key added to a block", FILE, (*POLICIES, 0, "scale_in", "datapoints"), "15 of 15",
         "", "          datapoints: 15 of 15"),
    Case("key added to braces", FILE, (*POLICIES, 0, "scale_out", "cooldown"), "0s",
         "        scale_out: {datapoints: 2 of 2}",
         "        scale_out: {datapoints: 2 of 2, cooldown: 0s}"),
    Case("mapping added", FILE, ("scalable_targets", 0, "scale_in", "stabilization_window"), "5m",
         "", "    scale_in: {stabilization_window: 5m}"),
    Case("behind a list in a block", FILE, (*POLICIES, 0, "missing", "scale_in"), "hold",
         "", "        missing: {scale_in: hold}"),
    Case("last of the file", FILE, ("scalable_targets", 1, "lead_time"), "4m",
         "", "    lead_time: 4m"),
    Case("no line end at the end", "a:\n  b: 1", ("a", "c"), 2, "", "  c: 2"),
    Case("empty braces", "a: {}\n", ("a", "c"), 2, "a: {}", "a: {c: 2}"),
    Case("behind an alias", "x: &x {b: 1}\na:\n  d: *x # so\n", ("a", "c"), 2, "", "  c: 2"),
    Case("behind an alias in braces", "x: &x [1]\na: {d: *x}\n", ("a", "c"), 2,
         "a: {d: *x}", "a: {d: *x, c: 2}"),
    Case("over what is merged in", "x: &x {b: 1}\na:\n  <<: *x\n", ("a", "b"), 2, "", "  b: 2"),
    Case("behind a literal", "a:\n  t: |\n    some\n    text\nz: 1\n", ("a", "c"), 2, "", "  c: 2"),
    Case("behind a list", "a:\n  t:\n    - 1\n    - b: 2\n      c: 3\nz: 1\n", ("a", "c"), 2,
         "", "  c: 2"),
    Case("JSON", '{"a": {"b": "5m", "c": 1}}', ("a", "b"), "2m",
         '{"a": {"b": "5m", "c": 1}}', '{"a": {"b": "2m", "c": 1}}'),
    Case("JSON in lines", '{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n', ("a", "c", "d"), "2 of 3",
         '\t\t"b": 1', '\t\t"b": 1,\n  "c": {"d": "2 of 3"}'),
    Case("line ends of Windows", "a:\r\n  b: 1\r\nz: 1\r\n", ("a", "c"), 2, "", "  c: 2\r"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_value_is_set_and_nothing_else(case: Case) -> None:
    """The line is another, or a line more; and the file says what it is to say."""
    made = edit(case.text, [Edit(case.path, case.value)])
    assert get(read_content(made, "f.yaml").value, case.path) == case.value
    before, after = case.text.split("\n"), made.split("\n")
    come = case.come.split("\n")
    if case.gone:
        at = before.index(case.gone)
        assert after == [*before[:at], *come, *before[at + 1 :]]
    else:
        at = after.index(case.come)
        assert [each for index, each in enumerate(after) if index != at] == before


def test_several_are_set_one_after_the_other() -> None:
    """The second finds what the first has added."""
    here = (*POLICIES, 1, "scale_in")
    made = edit(FILE, [Edit((*here, "cooldown"), "5m"), Edit((*here, "datapoints"), 3)])
    assert "cooldown: '300', scale_in: {cooldown: 5m, datapoints: 3}}\n" in made


def test_no_edit_changes_no_byte() -> None:
    """Nor does setting what is there."""
    assert edit(FILE, []) == FILE
    assert edit(FILE, [Edit((*POLICIES, 0, "target_value"), 630)]) == FILE


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("x: &x {b: 1}\na: *x\n", ("a", "b"), "a is shared, by an alias: write it out there"),
        ("x: &x 1\na: *x\n", ("a",), "a is shared, by an alias"),
        ("a: &x 1\nb: *x\n", ("a",), "a is no plain value"),
        ("a: |\n  1\n", ("a",), "a is no plain value"),
        ("a: {b: 1}\n", ("a",), "a is no plain value"),
        ("a: [1]\n", ("a", 1), "a[1] cannot be added"),
        ("a: 1\n", ("a", "b"), "a.b cannot be added"),
    ],
)
def test_what_would_change_something_else_is_refused(text: str, path: Path, words: str) -> None:
    """With the field, and what to do."""
    with pytest.raises(EditError) as found:
        edit(text, [Edit(path, 2)])
    assert words in str(found.value)


def test_json_stays_json() -> None:
    """Also where keys are added."""
    text = json.dumps({"a": {}, "b": [{"c": 1.5}]}, indent=1)
    made = edit(text, [Edit(("b", 0, "d", "e"), "5m"), Edit(("b", 0, "c"), 2)])
    assert json.loads(made) == {"a": {}, "b": [{"c": 2, "d": {"e": "5m"}}]}
