"""Can a backtest's timeline be read, zoomed and asked for reasons, by hand and by keys?"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched

SPAN = re.compile(r"UTC · (?:(\d+) d)? ?(?:(\d+) h)? ?(?:(\d+) min)?")
FRAMES = """
window.frames_ = 0;
const was = CanvasRenderingContext2D.prototype.setTransform;
CanvasRenderingContext2D.prototype.setTransform = function (...given) {
  window.frames_ += 1;
  return was.apply(this, given);
};
0;
"""


def read(page: Page) -> str:
    """Give what the page says of its view, once that rests."""
    said = page.locator(".read")
    expect(said).to_have_attribute("aria-busy", "false")
    return said.inner_text()


def span(page: Page) -> int:
    """Say how many minutes are in view."""
    found = SPAN.search(read(page))
    assert found
    days, hours, minutes = (int(each or 0) for each in found.groups())
    return days * 1_440 + hours * 60 + minutes


def begin(page: Page) -> str:
    """Say when the view begins."""
    return read(page).partition(" – ")[0]


def aim(page: Page, part: float = 0.5) -> tuple[float, float]:
    """Say where on the screen a part of the plot is, once it is in sight."""
    plot = page.locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    return box["x"] + part * box["width"], box["y"] + box["height"] / 2


def test_the_wheel_zooms_where_it_points(opened: Watched) -> None:
    """In and out; where all is in view already, the page scrolls instead."""
    page = opened.page
    assert span(page) == 1_440
    page.mouse.move(*aim(page, 0.75))
    page.mouse.wheel(0, -600)
    near = span(page)
    assert near < 1_440
    assert begin(page) > "Mon 2 Mar 2026, 00:00"
    page.mouse.wheel(0, 240)
    assert near < span(page)
    while span(page) < 1_440:
        page.mouse.wheel(0, 100)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > before
    opened.expect_quiet()


def test_a_drag_pans(opened: Watched) -> None:
    """What is under the pointer stays there, and nothing lies past the ends."""
    page = opened.page
    page.get_by_role("button", name="Zoom in").click()
    assert span(page) == 720
    first = begin(page)
    x, y = aim(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 150, y, steps=4)
    page.mouse.up()
    assert begin(page) > first
    assert span(page) == 720
    page.mouse.down()
    page.mouse.move(x + 3_000, y, steps=4)
    page.mouse.up()
    assert begin(page) == "Mon 2 Mar 2026, 00:00"


def test_buttons_do_what_they_say(opened: Watched) -> None:
    """Each of them."""
    page = opened.page

    def click(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    click("Zoom in")
    click("Zoom in")
    assert span(page) <= 720
    seen = begin(page)
    click("Earlier")
    assert begin(page) < seen
    click("Later")
    assert begin(page) == seen
    narrow = span(page)
    click("Zoom out")
    assert span(page) > narrow
    click("All")
    assert span(page) == 1_440
    click("Next late")
    assert re.search(r"[1-9]\d* late minute", read(page))
    assert span(page) < 400


def test_keys_do_the_same(opened: Watched) -> None:
    """The plot is one stop of the tab key."""
    page = opened.page
    page.locator(".plot").focus()
    page.keyboard.press("+")
    near = span(page)
    assert near == 864
    seen = begin(page)
    page.keyboard.press("ArrowRight")
    assert begin(page) > seen
    page.keyboard.press("ArrowLeft")
    assert begin(page) == seen
    page.keyboard.press("Home")
    assert begin(page) == "Mon 2 Mar 2026, 00:00"
    page.keyboard.press("End")
    assert "Tue 3 Mar 2026, 00:00 UTC" in read(page)
    page.keyboard.press("-")
    assert span(page) == 1_440
    page.keyboard.press("l")
    assert span(page) < 400
    page.keyboard.press("0")
    assert span(page) == 1_440
    opened.expect_quiet()


def test_two_fingers_zoom(phone: Watched) -> None:
    """Apart is nearer."""
    page = phone.page
    x, y = aim(page)
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *across: float) -> None:
        points = [{"x": each, "y": y, "id": index} for index, each in enumerate(across)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x - 30, x + 30)
    for apart in (50, 70, 90):
        touch("touchMove", x - apart, x + apart)
    touch("touchEnd")
    assert span(page) < 700
    phone.expect_quiet()


def test_a_click_on_a_decision_opens_its_reason(opened: Watched) -> None:
    """In the words of `flyball explain`; another click closes it."""
    page = opened.page
    page.get_by_role("button", name="Next late", exact=True).click()
    read(page)
    mark = page.locator(".rail button:not(.many)").first
    label = mark.get_attribute("aria-label") or ""
    mark.click()
    reason = page.locator(".reason")
    expect(reason).to_be_visible()
    assert label.startswith(reason.locator("h3").inner_text())
    assert re.search(r"calls was .+ per instance .+ target 350", reason.inner_text())
    assert mark.get_attribute("aria-expanded") == "true"
    first = reason.locator(".when").inner_text()
    page.get_by_role("button", name="Decision after").click()
    assert reason.locator(".when").inner_text() != first
    page.get_by_role("button", name="Decision before").click()
    assert reason.locator(".when").inner_text() == first
    mark.click()
    expect(reason).to_be_hidden()


def test_keys_open_a_reason_too(opened: Watched) -> None:
    """Tab reaches it, Enter opens it, Escape goes back to where one was."""
    page = opened.page
    read(page)
    page.get_by_role("button", name="Next late", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip the decisions"
    page.keyboard.press("Tab")
    key = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    expect(page.locator(".reason")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "H3"
    page.keyboard.press("Escape")
    expect(page.locator(".reason")).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == key
    page.locator(".plot").focus()
    page.keyboard.press("d")
    expect(page.locator(".reason h3")).to_be_focused()
    opened.expect_quiet()


def test_late_minutes_are_shaded(opened: Watched) -> None:
    """In the colour of its legend, at the foot of the plot."""
    page = opened.page
    page.get_by_role("button", name="Next late", exact=True).click()
    read(page)
    found = page.evaluate("""() => {
      const canvas = document.querySelector('.plot canvas');
      const shown = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let at = 0; at < shown.length; at += 4) {
        if (shown[at] === 0xb9 && shown[at + 1] === 0x2b && shown[at + 2] === 0x1b) count += 1;
      }
      return count;
    }""")
    assert found > 20


def test_a_pointer_reads_a_minute(opened: Watched) -> None:
    """And what somebody else had in service in it, if that is chosen."""
    page = opened.page
    page.get_by_label("Beside").select_option("static")
    page.mouse.move(*aim(page, 0.4))
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    assert re.search(r"demand [\d,.]+\s+.*in service\s+.*paid\s+static [\d,]+", tip.inner_text())
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_nothing_glides_for_who_wants_no_motion(still: Watched, opened: Watched) -> None:
    """One step in place of many."""
    counts = []
    for watched in (still, opened):
        page = watched.page
        read(page)
        page.evaluate(FRAMES)
        page.locator(".plot").focus()
        page.keyboard.press("+")
        assert span(page) == 864
        counts.append(page.evaluate("window.frames_"))
    assert counts[0] == 2
    assert counts[1] > 4
