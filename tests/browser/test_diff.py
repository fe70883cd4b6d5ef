"""Can the page of a change of policy be read, by its moments and with both timelines?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from flyball.config.amended import Pair
from flyball.core.policy import TrackingPolicy
from flyball.core.target import ScalableTarget
from flyball.report.diff import judge_limits, tell_verdict
from flyball.report.limit import parse_limit
from flyball.report.page import render
from flyball.report.page.contrasted import compose_diff
from flyball.sim.backtest import Subject
from flyball.sim.diff import Asked, Diff, diff
from flyball.sim.slots import Plant
from tests.browser.conftest import HOSTILE, Watched, look
from tests.browser.test_page import READERS
from tests.unit.sim.courses import make_course, make_target

OTHER = (0x7A, 0x5C, 0x9E)
COUNT = """(colour) => {
  const canvas = document.querySelector('.plot canvas');
  const shown = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 0; at < shown.length; at += 4) {
    if (colour.every((part, index) => shown[at + index] === part)) count += 1;
  }
  return count;
}"""


def ask(old: ScalableTarget, value: float, minutes: int) -> Asked:
    """Ask for a target value and for another."""
    (policy,) = old.policies
    assert isinstance(policy, TrackingPolicy)
    new = replace(old, policies=(replace(policy, target_value=value),))
    course = make_course(minutes)
    sides = [Subject(each, course, Plant(max_capacity=60), trace=HOSTILE) for each in (old, new)]
    return Asked(Pair(old, new), sides[0], sides[1])


@pytest.fixture(scope="module")
def found() -> Diff:
    """Compare two target values over a day."""
    return diff([ask(make_target(), 450.0, 1_440)], "static")


@pytest.fixture(scope="module")
def page(found: Diff, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write its page."""
    path = tmp_path_factory.mktemp("diff") / "diff.html"
    verdicts = judge_limits(found, [parse_limit("late>+0%")])
    html = render(compose_diff(found, verdicts, (HOSTILE, "flyball.yaml")))
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


@pytest.fixture(params=READERS)
def anybody(request: pytest.FixtureRequest, browser: Browser, page: Path) -> Iterator[Watched]:
    """Open the page as each kind of reader does."""
    yield from look(browser, page, **READERS[request.param])


@pytest.fixture
def desk(browser: Browser, page: Path) -> Iterator[Watched]:
    """Open it on a desk."""
    yield from look(browser, page)


def test_it_is_quiet_narrow_and_fit_for_everybody(anybody: Watched) -> None:
    """Loads nothing, is no wider than its screen, and breaks no rule of axe-core's."""
    page = anybody.page
    expect(page.locator(".read")).to_contain_text("moment")
    page.locator(".rail button").first.click()
    expect(page.locator(".reason")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(300)
    anybody.expect_quiet()


def test_the_verdict_stands_first(desk: Watched, found: Diff) -> None:
    """Then what came of the limits, and foreign names as text."""
    page = desk.page
    expect(page.locator("h1")).to_have_text(f"{HOSTILE} → flyball.yaml")
    expect(page.locator(".lead")).to_have_text(tell_verdict(found))
    assert "exceeded" in page.get_by_role("table", name="Limits").inner_text()
    rows = page.get_by_role("table", name="Old and new").locator("tbody th").all_inner_texts()
    assert rows == ["old", "new", "change", "in %", "static"]


def test_a_moment_opens_with_the_reasons_of_both(desk: Watched) -> None:
    """It comes into view from its beginning to its end; the arrows lead to the others."""
    page = desk.page
    expect(page.locator(".read")).to_contain_text("10 moments shown")
    first = page.locator(".rail").get_by_role("button", name="1.").first
    key = first.get_attribute("aria-label") or ""
    first.click()
    reason = page.locator(".reason")
    expect(reason).to_be_visible()
    assert reason.locator("h3").inner_text() in key
    assert "UTC · " in reason.locator(".when").inner_text()
    sides = reason.locator(".limits li").all_inner_texts()
    assert [side.partition(":")[0] for side in sides] == ["Old", "New"]
    expect(page.locator(".read")).not_to_contain_text("· 1 d ·")
    seen = set()
    while page.get_by_role("button", name="Moment before").is_enabled():
        page.get_by_role("button", name="Moment before").click()
    for _ in range(10):
        seen.add(reason.locator("h3").inner_text().partition(".")[0])
        if page.get_by_role("button", name="Moment after").is_enabled():
            page.get_by_role("button", name="Moment after").click()
    assert seen == {str(rank) for rank in range(1, 11)}
    page.keyboard.press("Escape")
    expect(reason).to_be_hidden()
    desk.expect_quiet()


def test_marks_that_touch_open_the_one_that_mattered_most(
    browser: Browser, found: Diff, tmp_path: Path
) -> None:
    """Their button has its number."""
    path = tmp_path / "many.html"
    path.write_text(render(compose_diff(found._replace(told=100), (), ("a", "b"))), "utf-8")
    for watched in look(browser, path, viewport={"width": 375, "height": 740}):
        several = watched.page.locator(".rail button", has_text="+").first
        rank = several.inner_text().removesuffix("+")
        assert f"number {rank} mattered most" in (several.get_attribute("aria-label") or "")
        several.click()
        assert watched.page.locator(".reason h3").inner_text().startswith(f"{rank}. ")


def test_the_old_timeline_is_drawn_until_nobody_is_wanted_beside(desk: Watched) -> None:
    """With its late minutes, below the new one's; a pointer reads both."""
    page = desk.page
    beside = page.get_by_label("Beside")
    expect(beside).to_have_value("old")
    expect(page.locator(".read")).to_have_attribute("aria-busy", "false")
    both = page.evaluate(COUNT, OTHER)
    assert both > 100
    plot = page.locator(".plot")
    plot.scroll_into_view_if_needed()
    plot.hover()
    assert re.search(r"old [\d,]+", page.locator(".tip").inner_text())
    beside.select_option("")
    page.mouse.move(5, 5)
    expect(page.locator(".tip")).to_be_hidden()
    assert page.evaluate(COUNT, OTHER) == 0


def test_its_words_are_of_moments(desk: Watched) -> None:
    """Nobody is told of decisions that are not there."""
    page = desk.page
    assert "Triangles" not in page.locator(".keys").inner_text()
    assert "1 the most" in page.locator(".keys").inner_text()
    assert "the next moment" in (page.locator(".plot").get_attribute("aria-label") or "")
    assert "In service, new" in page.locator(".legend").inner_text()
    page.locator(".plot").focus()
    page.keyboard.press("d")
    expect(page.locator(".reason h3")).to_be_focused()
