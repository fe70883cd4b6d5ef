"""Is a comment short enough for GitHub, and nothing in it markup but ours?"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from markdown_it import MarkdownIt

from flyball.config.amended import Amended, Pair
from flyball.core.policy import TrackingPolicy
from flyball.core.target import ScalableTarget
from flyball.report.comment import MARKER, MOST_BYTES, escape, write_comment
from flyball.report.diff import judge_limits, tell_run, tell_verdict
from flyball.report.limit import parse_limit
from flyball.sim.backtest import Subject
from flyball.sim.diff import Asked, Diff, diff
from flyball.sim.slots import Plant
from tests.unit.sim.courses import make_course, make_target

HOSTILE = (
    "x | y", "<script>alert(1)</script>", "`code`", "**bold** __bold__ ~~gone~~", "[a](http://b.c)",
    "![a](http://b.c/d.png)", "@org/team", "fixes #12", "http://b.c www.b.c", "&lt;b&gt; &#64;a",
    "a\\|b", "line\nbreak", "-->", "<!-- flyball diff -->", "</details>", "$a^2$", "x\u202ey",
)  # fmt: skip
GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NAMES = ("old.yaml", "new.yaml")


def change(target: ScalableTarget, value: float) -> ScalableTarget:
    """Give it another target value."""
    (policy,) = target.policies
    assert isinstance(policy, TrackingPolicy)
    return replace(target, policies=(replace(policy, target_value=value),))


@cache
def compare(count: int = 1, name: str = "chat", price: float | None = 2.0) -> Diff:
    """Compare configs of some scalable targets, of which one differs."""
    first = replace(make_target(), id=name, price_per_hour=price)
    asked = []
    for index in range(count):
        old = first if not index else replace(first, id=f"{name} {index}")
        new = change(old, 250.0) if not index else old
        course = make_course(300 if not index else 10)
        sides = [Subject(each, course, Plant(max_capacity=60), 0) for each in (old, new)]
        asked.append(Asked(Pair(old, new), sides[0], sides[1]))
    return diff(asked)


def write(found: Diff, *limits: str, names: tuple[str, str] = NAMES) -> str:
    """Write a comment."""
    verdicts = judge_limits(found, map(parse_limit, limits))
    return write_comment(found, verdicts, names, tell_run(found))


def render(text: str) -> str:
    """Make HTML of it, as GitHub's Markdown does."""
    return str(GITHUB.render(text))


def test_a_comment_has_a_verdict_a_table_and_the_rest_folded() -> None:
    """The marker is the first line, by which it is found again."""
    found = compare()
    text = write(found, "late>+5%")
    assert text.startswith(f"{MARKER}\n")
    page = render(text)
    assert tell_verdict(found) in page
    assert page.count("<table>") == 4
    assert page.count("<details>") == page.count("</details>") == 3
    assert "Within the limits" in page
    assert "policies.keep.target_value" in page


def test_every_row_has_as_many_cells_as_its_head() -> None:
    """A cell too many would be lost."""
    text = write(compare(name="a|b\\|c"), "cost>+0%")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    assert len(rows) == sum(map(len, blocks)) > 10
    for block in filter(None, blocks):
        counts = {len([*_split(line)]) for line in block}
        assert len(counts) == 1, block


def _split(line: str) -> list[str]:
    """Split a row at the bars that no backslash is before, as GitHub does."""
    cells, before = [""], ""
    for each in line:
        if each == "|" and before != "\\":
            cells.append("")
        else:
            cells[-1] += each
        before = "" if before == "\\" else each
    return cells


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_never_markup(text: str) -> None:
    """Not in a line, not in a cell: it is shown as it is, and mentions nobody."""
    shown = f"| a |\n| --- |\n| {escape(text)} |\n"
    tokens = GITHUB.parse(shown)
    inline = [each for each in tokens if each.type == "inline"][1]
    kinds = {each.type for each in inline.children or ()}
    assert kinds <= {"text", "text_special", "html_inline"}
    html = {each.content for each in inline.children or () if each.type == "html_inline"}
    assert html <= {"<span>", "</span>"}
    flat = "".join(e.content for e in inline.children or () if e.type != "html_inline")
    plain = text.replace("\n", "\N{REPLACEMENT CHARACTER}").replace("\u202e", "\ufffd")
    assert flat.replace("\u200b", "") == plain
    assert "@org" not in flat
    assert "#12" not in flat
    assert "://" not in shown
    assert "www." not in shown


@pytest.mark.parametrize("name", HOSTILE[:5])
def test_a_hostile_config_writes_a_harmless_comment(name: str) -> None:
    """Names of targets, and of files."""
    page = render(write(compare(name=name.replace("\n", " ")), "late>1%", names=(name, name)))
    for planted in ("<script", "<strong>bold", "<a ", "<img", "<code>"):
        assert planted not in page


def test_what_is_exceeded_is_said_first() -> None:
    """As GitHub's box of that kind."""
    text = write(compare(), "cost>+0%", "each:hours>+0%")
    assert text.index("[!CAUTION]") < text.index("<details>")
    assert "cost\\>+0%: +" in text
    assert "of chat: +" in text
    assert "Within" not in text


def test_what_is_the_same_on_both_sides_stands_once() -> None:
    """An arrow is a change."""
    moments = write(compare()).partition("moments that mattered")[2]
    assert " 0 → 0 " not in moments
    assert " → " in moments


def test_many_targets_fit_into_a_comment() -> None:
    """Rows are left out, said, and those stay that changed; GitHub takes 65,536 characters."""
    found = compare(400, name="a target of which the name is long " * 6)
    text = write(found)
    assert 20_000 < len(text.encode()) <= MOST_BYTES
    assert " more |" in text
    assert text.index("**a target of which") < text.index("**all**")


@pytest.mark.parametrize("letter", ["$", "#", "@", "|", "<"])
def test_a_comment_fits_whatever_the_texts(letter: str) -> None:
    """Each cell as long as can be, of what grows most when it is escaped."""
    found = compare(9, name=letter * 250)
    amended = (Amended(letter * 200, letter * 300, letter * 300),) * 3
    targets = tuple(each._replace(amended=amended) for each in found.targets)
    limits = [f"each:cost>+{number}%" for number in range(9)]
    names = (letter * 300, letter * 300)
    facts = [(letter * 300,) * 3] * 9
    verdicts = judge_limits(found, map(parse_limit, limits))
    text = write_comment(found._replace(targets=targets), verdicts, names, facts)
    assert len(text.encode()) <= MOST_BYTES
    assert text.count("<details>") == 3


def test_many_limits_that_are_kept_are_cut() -> None:
    """As rows are."""
    limits = [f"cost>+{number}%" for number in range(900, 900 + 300)]
    assert "; 100 more." in write(compare(), *limits)


def test_without_prices_hours_stand_in() -> None:
    """Of one target that has none."""
    text = write(compare(price=None))
    assert "| hours | Δ |" in text
    assert "instance hours more" in text


def test_nothing_that_differs_is_said_in_a_line() -> None:
    """And no empty table folded."""
    target = make_target()
    subject = Subject(target, make_course(60), Plant(max_capacity=60))
    text = write(diff([Asked(Pair(target, target), subject, subject)]), "cost>+0%")
    assert "**No difference: both configs say the same.**" in text
    assert text.count("<details>") == 1


def test_nothing_to_compare_is_said() -> None:
    """Where no scalable target is in both."""
    target = make_target()
    subject = Subject(target, make_course(60), Plant(max_capacity=60))
    text = write(diff([Asked(Pair(None, target), None, subject)]))
    assert "nothing to compare" in text
    assert "| chat | added |" in text
