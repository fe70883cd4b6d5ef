"""Is what the documentation names there?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

NOT_OURS = frozenset({"build", "dist", "node_modules"})


def pages(repository: Path) -> list[Path]:
    """List the project's Markdown files."""
    found = []
    for path in repository.rglob("*.md"):
        parts = path.relative_to(repository).parts
        if not any(part in NOT_OURS or part.startswith(".") for part in parts):
            found.append(path)
    return sorted(found)


def tokens(text: str) -> Iterator[Token]:
    """Yield the block and inline tokens of a page."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


def links(text: str) -> list[str]:
    """List the addresses that a page links to or shows."""
    attributes = {"link_open": "href", "image": "src"}
    return [
        str(token.attrs[attributes[token.type]])
        for token in tokens(text)
        if token.type in attributes
    ]


def anchors(text: str) -> set[str]:
    """Give the anchors of a page's headings, as they are made when it is shown."""
    found: set[str] = set()
    in_heading = False
    for token in tokens(text):
        if token.type == "inline" and in_heading:
            plain = re.sub(r"[`*_]", "", token.content).lower()
            found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
        in_heading = token.type == "heading_open"
    return found


def fences(text: str, kind: str) -> list[str]:
    """List the contents of a page's fenced blocks of one kind."""
    return [each.content for each in tokens(text) if each.type == "fence" and each.info == kind]


def broken_links(page: Path) -> list[str]:
    """List the links of a page to files or headings that are not there."""
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        linked = (page.parent / name) if name else page
        is_page = linked.suffix == ".md" and linked.is_file()
        if not linked.exists() or (
            anchor and is_page and anchor not in anchors(linked.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    return broken


def test_a_planted_broken_link_is_found(tmp_path: Path) -> None:
    """The check below can fail: a missing file and a missing heading are both named."""
    page = tmp_path / "page.md"
    page.write_text("# A `b` c\n\n[x](gone.md) [y](#a-b-c) [z](#no)\n", encoding="utf-8")
    assert broken_links(page) == ["gone.md", "#no"]


def test_every_link_leads_somewhere(repository: Path) -> None:
    """A link to a file or a heading of the project finds it."""
    found = {str(page): broken_links(page) for page in pages(repository)}
    assert {page: links for page, links in found.items() if links} == {}


def test_architecture_has_one_diagram(repository: Path) -> None:
    """One picture holds the whole; two would have to agree."""
    text = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    (diagram,) = fences(text, "mermaid")
    assert diagram.startswith("flowchart ")
    nodes = set(re.findall(r"^\s*(?:subgraph )?(\w+) ?\[", diagram, re.MULTILINE))
    nodes |= set(re.findall(r"> (\w+)\[", diagram))
    ends = set(re.findall(r"^\s*(\w+) (?:-|<)", diagram, re.MULTILINE))
    ends |= set(re.findall(r"> (\w+)$", diagram, re.MULTILINE))
    assert ends <= nodes, "an arrow of the diagram starts or ends at nothing"


def test_every_make_target_that_is_named_exists(repository: Path) -> None:
    """What a page tells the reader to make can be made."""
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    named: set[str] = set()
    for page in pages(repository):
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"`make ([a-z0-9-]+)", text))
        for block in fences(text, "sh"):
            named |= set(re.findall(r"^(?:.*&& )?make ([a-z0-9-]+)", block, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named - targets == set()


def test_what_every_target_of_make_does_is_said(repository: Path) -> None:
    """`make help` lists every target that a person would call."""
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    helped = set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))
    assert set(phony.replace("\\", " ").split()) == helped
