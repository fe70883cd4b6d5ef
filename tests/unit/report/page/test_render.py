"""Is a page one file with a policy that fits it, whatever its texts are?"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from flyball.report.page import Figure, Group, Page, Point, Subject, Table, render
from flyball.report.page.model import Days

NASTY = "</title></script><script>alert(1)</script><!-- {{script}} \"'&"
PAGE = Page(
    NASTY,
    NASTY,
    (
        Subject(
            NASTY,
            ((NASTY, NASTY, NASTY),),
            (Figure(NASTY, NASTY, NASTY), Figure("late", "1 %")),
            points=(Point(NASTY, Group.OURS, 1.0, 0.01, NASTY),),
            tables=(Table(NASTY, ("", NASTY), ((NASTY, NASTY),), strong=NASTY),),
            days=Days((NASTY,), (NASTY,), ((NASTY, ((NASTY,),)),), NASTY),
        ),
        Subject("plain", tables=(Table("t", ("a",), (("b",),)),)),
    ),
    (Table(NASTY, (NASTY,), ((NASTY,),)),),
    ((NASTY, NASTY),),
    (NASTY,),
)


class Tags(HTMLParser):
    """Lists the elements of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """List the elements of a page."""
    reader = Tags()
    reader.feed(html)
    return reader.found


def test_no_text_becomes_an_element() -> None:
    """However nasty: the elements are those of the same page with plain texts."""
    found = [tag for tag, _ in tags(render(PAGE))]
    assert found.count("script") == 2
    assert found.count("title") == 1
    assert "img" not in found
    assert "{{script}}" in render(PAGE)


def test_the_policy_allows_this_script_and_this_style_alone() -> None:
    """By their digests."""
    html = render(PAGE)
    script = html.split("<script>")[1].split("</script>")[0]
    style = html.split("<style>")[1].split("</style>")[0]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    for name, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert parts[name] == f"'sha256-{digest}'"


def test_nothing_is_loaded_and_nothing_runs_from_an_attribute() -> None:
    """No address, no style and no handler in any element; the icon is empty."""
    for tag, attributes in tags(render(PAGE)):
        assert not any(name == "style" or name.startswith("on") for name in attributes), tag
        addresses = {attributes[name] for name in ("src", "href", "action") if name in attributes}
        assert addresses <= {"#main", "data:,"}, tag


BANNED = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "fetch(",
    "XMLHttpRequest",
    "import(",
    "setAttribute('style'",
)


@pytest.mark.parametrize("banned", BANNED)
def test_the_script_makes_no_markup_of_texts(banned: str) -> None:
    """And asks for nothing."""
    folder = files("flyball.report.page") / "assets"
    scripts = [each for each in folder.iterdir() if each.name.endswith(".js")]
    assert len(scripts) > 5
    assert [each.name for each in scripts if banned in each.read_text(encoding="utf-8")] == []


def test_each_of_the_pages_files_can_be_read_at_one_sitting() -> None:
    """400 lines, as of the modules, and all are of the package."""
    folder = files("flyball.report.page") / "assets"
    sizes = {
        each.name: len(each.read_text(encoding="utf-8").splitlines()) for each in folder.iterdir()
    }
    assert {"page.html", "page.css", "page.js"} <= sizes.keys()
    assert max(sizes.values()) <= 400
