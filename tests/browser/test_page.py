"""Is a backtest's page safe, self-contained, and fit for every reader?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from flyball.report.page import Days, Group, Point, Subject, render
from flyball.report.page import Page as Report
from tests.browser.conftest import HOSTILE, Watched, look

READERS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 740}, "is_mobile": True, "has_touch": True},
}
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(params=READERS)
def anybody(request: pytest.FixtureRequest, browser: Browser, written: Path) -> Iterator[Watched]:
    """Open the page as each kind of reader does."""
    yield from look(browser, written, **READERS[request.param])


@pytest.fixture
def two(browser: Browser, both: Path) -> Iterator[Watched]:
    """Open the page of two scalable targets."""
    yield from look(browser, both)


def test_it_loads_nothing_and_complains_of_nothing(anybody: Watched) -> None:
    """Also with the whole of it scrolled through."""
    anybody.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    anybody.page.wait_for_timeout(300)
    anybody.expect_quiet()


def test_nothing_is_wider_than_its_screen(anybody: Watched) -> None:
    """Wide tables scroll by themselves; also with a reason open."""
    page = anybody.page
    expect(page.locator(".read")).to_contain_text("late minute")
    page.locator(".rail button").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_rule_of_accessibility_is_broken(anybody: Watched) -> None:
    """By axe-core: names, roles, contrast, order; with a reason open."""
    page = anybody.page
    expect(page.locator(".read")).to_contain_text("late minute")
    page.locator(".rail button").first.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_drawn_stands_out(theme: str, opened: Watched) -> None:
    """No tool reads a canvas: its texts have 4.5 to 1 against the ground, its lines 3 to 1.

    Source: WCAG 2.2, 1.4.3 and 1.4.11.
    """
    page = opened.page
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    expect(page.locator(f":root[data-theme={theme}]")).to_be_visible()
    read = "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()"
    paper = page.evaluate(read, "--paper")
    for name in ("ink", "soft", "ours"):
        assert contrast(page.evaluate(read, f"--{name}"), paper) >= 4.5, name
    for name in ("late", "demand-line", "other", "focus"):
        assert contrast(page.evaluate(read, f"--{name}"), paper) >= 3, name


def contrast(one: str, other: str) -> float:
    """Say how much one colour stands out from another, 1–21."""
    lights = sorted((luminance(each) for each in (one, other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def luminance(colour: str) -> float:
    """Say how light a colour such as #1a1d21 is, 0–1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_follow_the_reader_until_told_otherwise(opened: Watched) -> None:
    """The button wins over the system."""
    page = opened.page
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    button = page.get_by_role("button", name="Change to light colours")
    expect(button).to_be_visible()
    dark = page.evaluate(GROUND)
    assert dark != light
    button.click()
    assert page.evaluate(GROUND) == light
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.evaluate(GROUND) == light
    page.get_by_role("button", name="Change to dark colours").click()
    assert page.evaluate(GROUND) == dark
    opened.expect_quiet()


def test_paper_is_light(browser: Browser, written: Path) -> None:
    """Also from a dark screen, which is dark again afterwards; every day is there."""
    count = """() => {
      const canvas = document.querySelector('.plot canvas');
      const shown = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let found = 0;
      for (let at = 0; at < shown.length; at += 4) {
        if (shown[at] === 0x0a && shown[at + 1] === 0x6b) found += 1;
      }
      return found;
    }"""
    for watched in look(browser, written, color_scheme="dark"):
        page = watched.page
        expect(page.locator(".read")).to_contain_text("late minute")
        dark = page.evaluate(GROUND)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(count) > 100  # the line of what is in service
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(GROUND) != dark
        expect(page.locator(".tools").first).to_be_hidden()
        page.emulate_media(media="screen", color_scheme="dark")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(GROUND) == dark
        assert page.evaluate(count) == 0
        assert page.pdf().startswith(b"%PDF")


def test_foreign_text_is_shown_and_never_run(opened: Watched) -> None:
    """As it was written."""
    page = opened.page
    assert HOSTILE in page.locator(".facts").inner_text()
    assert page.locator("img").count() == 0
    opened.expect_quiet()


def test_a_script_that_is_not_its_own_is_refused(opened: Watched) -> None:
    """Whoever smuggles one in, and a style or an address too."""
    page = opened.page
    page.evaluate("""() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      const picture = document.createElement('img');
      picture.src = 'http://192.0.2.1/x.png';
      const style = document.createElement('style');
      style.textContent = 'body { display: none }';
      document.body.append(script, picture, style);
    }""")
    page.wait_for_timeout(200)
    assert {"script-src-elem", "img-src", "style-src-elem"} <= set(opened.refused)
    assert page.evaluate("window.ran") is None
    expect(page.locator("h1")).to_be_visible()


def test_it_can_be_read_without_its_script(browser: Browser, written: Path) -> None:
    """The figures and tables stand by themselves, and it says what is missing."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.as_uri())
    assert "optimum" in page.get_by_role("table", name="In total").inner_text()
    assert "drawn by a script" in page.locator("noscript").inner_text()
    context.close()


def test_the_frontier_has_everybody(opened: Watched) -> None:
    """Each with its two numbers, for who cannot see where it stands."""
    names = opened.page.locator(".frontier .point").evaluate_all(
        "each => each.map((point) => point.getAttribute('aria-label'))"
    )
    assert {name.partition(":")[0] for name in names} == {"flyball", "aws", "static", "optimum"}
    assert all(re.search(r"instance hours ÷ best, [\d.]+% late", name) for name in names)


def test_a_day_leads_to_the_timeline(opened: Watched) -> None:
    """And each contender's days can be seen."""
    page = opened.page
    page.locator(".days select").select_option("static")
    assert "2026-03-02" in page.locator(".days tbody").inner_text()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="2026-03-02").click()
    expect(page.locator(".plot")).to_be_focused()
    expect(page.locator(".read")).to_contain_text("· 1 d ·")


def test_several_targets_are_shown_one_at_a_time(two: Watched) -> None:
    """With their sum above them."""
    page = two.page
    expect(page.get_by_role("table", name="All 2 together")).to_be_visible()
    expect(page.locator(".subject:visible")).to_have_attribute("aria-label", "chat")
    expect(page.locator(".read:visible")).to_contain_text("· 5 h ·")
    page.locator("#subject").select_option("vision")
    expect(page.locator(".subject:visible")).to_have_attribute("aria-label", "vision")
    expect(page.locator(".read:visible")).to_contain_text("· 4 h ·")
    two.expect_quiet()


def test_a_search_shows_all_that_it_tried(browser: Browser, tmp_path: Path) -> None:
    """Without a timeline: a hundred points, of which those with a name can be reached by keys."""
    tried = tuple(Point("", Group.OURS, 1.1 + at / 100, 0.05 / (1 + at)) for at in range(100))
    named = (Point("best", Group.OURS, 1.2, 0.004, "chosen", emphasised=True),)
    subject = Subject("<i>", points=(*tried, *named), days=Days(("day",), ("x",), (), "left out"))
    path = tmp_path / "tune.html"
    path.write_text(render(Report("Tune", "<b>", (subject,))), encoding="utf-8", newline="\n")
    for watched in look(browser, path):
        page = watched.page
        expect(page.locator(".frontier path.edge")).to_have_count(1)
        assert page.locator(".frontier .point").count() == 101
        assert page.locator(".frontier .point[tabindex]").count() == 1
        expect(page.locator(".days .note")).to_have_text("left out")
        expect(page.locator("h1")).to_have_text("<b>")
        assert Axe().run(page).violations_count == 0
        watched.expect_quiet()
