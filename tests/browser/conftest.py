"""Which browser opens a page, and what does it notice?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from flyball.report.page import render
from flyball.report.page.compose import compose
from flyball.sim.backtest import Backtest, Subject, backtest
from flyball.sim.peers import make
from flyball.sim.slots import Plant
from tests.unit.sim.courses import make_course, make_target

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOSTILE = "<img src=x onerror=alert(1)>"
WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.refused.push(event.violatedDirective);
});
"""


class Watched:
    """A page, with all that it said, loaded and was refused.

    Attributes:
        page: It.
        said: Errors and warnings of its console.
        asked: Addresses that it loaded, beside its own.
    """

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.add_init_script(WATCH)
        page.goto(path.as_uri())
        self.asked = [each for each in self.asked if each != path.as_uri()]

    @property
    def refused(self) -> list[str]:
        """What its content policy refused."""
        found: list[str] = self.page.evaluate("window.refused")
        return found

    def expect_quiet(self) -> None:
        """Expect no word, no address and no refusal; the empty icon is none."""
        assert self.said == []
        assert [each for each in self.asked if each != "data:,"] == []
        assert self.refused == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the machine's Chromium, without a window."""
    with sync_playwright() as playwright:
        found = next((path for path in map(shutil.which, NAMES) if path), None)
        path = found or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium: apt install chromium, or playwright install chromium")
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


def run(name: str = "chat", minutes: int = 1_440) -> Backtest:
    """Backtest a generated day, of which an hour is not counted."""
    target = make_target(name=name)
    subject = Subject(target, make_course(minutes), Plant(max_capacity=60), trace=HOSTILE)
    return backtest(subject, make("aws,static,optimum"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of one scalable target."""
    path = tmp_path_factory.mktemp("page") / "one.html"
    path.write_text(render(compose([run()])), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of two."""
    path = tmp_path_factory.mktemp("page") / "two.html"
    found = [run("chat", 300), run("vision", 240)]
    path.write_text(render(compose(found)), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser: Browser, written: Path) -> Iterator[Watched]:
    """Open the page on a desk."""
    yield from look(browser, written)


@pytest.fixture
def still(browser: Browser, written: Path) -> Iterator[Watched]:
    """Open it for somebody who wants nothing to move."""
    yield from look(browser, written, reduced_motion="reduce")


@pytest.fixture
def phone(browser: Browser, written: Path) -> Iterator[Watched]:
    """Open it on a phone."""
    size = {"width": 375, "height": 740}
    yield from look(browser, written, viewport=size, has_touch=True, is_mobile=True)


def look(browser: Browser, path: Path, **wanted: Any) -> Iterator[Watched]:
    """Open a page in a context of its own."""
    context = browser.new_context(**{"viewport": {"width": 1_200, "height": 900}, **wanted})
    yield Watched(context.new_page(), path)
    context.close()
