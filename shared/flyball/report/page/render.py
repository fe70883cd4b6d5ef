"""How does a page become one file, which loads nothing and runs nothing but its own script?"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from flyball.report.page.encode import encode
from flyball.report.page.model import Figure, Page, Subject, Table

SCRIPTS = (
    "base",
    "time",
    "chart",
    "paint",
    "moments",
    "marks",
    "timeline",
    "frontier",
    "days",
    "page",
)
"""Files of the script, in order; each uses what stands before it."""
STYLES = ("page", "parts")
POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""The one picture is the empty icon, without which a browser asks the server for one."""
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def render(page: Page) -> str:
    """Write a page as HTML, in UTF-8 and without a byte from elsewhere.

    The same page gives the same bytes.
    """
    style = "\n".join(_read(f"{name}.css") for name in STYLES)
    script = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    script = f"(() => {{\n'use strict';\n{script}}})();\n"
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    parts = {
        "policy": policy,
        "title": f"{escape(page.title)} – {escape(page.kind)} – flyball",
        "kind": escape(page.kind),
        "heading": escape(page.title),
        "style": style,
        "script": script,
        "choice": _choice(page),
        "lead": f'<p class="lead">{escape(page.lead)}</p>' if page.lead else "",
        "totals": _totals(page.tables),
        "subjects": "\n".join(_subject(index, each) for index, each in enumerate(page.subjects)),
        "notes": _notes(page),
        "content": encode(page),
    }
    return _SLOT.sub(lambda found: parts[found[1]], _read("page.html"))


def _read(name: str) -> str:
    found = files("flyball.report.page").joinpath("assets", name)
    return found.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _choice(page: Page) -> str:
    if len(page.subjects) <= 1:
        return ""
    options = "".join(
        f'<option value="{index}">{escape(each.name)}</option>'
        for index, each in enumerate(page.subjects)
    )
    return f'<label class="choice">Show <select id="subject">{options}</select></label>'


def _subject(index: int, subject: Subject) -> str:
    name = escape(subject.name)
    parts = [f'<section class="subject" data-subject="{index}" aria-label="{name}">']
    if subject.facts:
        parts.append(_facts(subject.facts))
    if subject.figures:
        figures = "".join(_figure(each) for each in subject.figures)
        parts.append(f'<dl class="figures">{figures}</dl>')
    if subject.chart is not None:
        parts.append(_place("timeline", "Capacity against demand"))
    tables = "".join(_table(each) for each in subject.tables)
    if subject.points:
        frontier = _place("frontier", "Cost against lateness")
        place = "beside" if subject.chart is not None else "below"  # tables of a search are long
        parts.append(f'<div class="{place}">{frontier}<div class="tables">{tables}</div></div>')
    elif tables:
        parts.append(f'<div class="tables">{tables}</div>')
    parts.append(_totals(subject.wide))
    if subject.days is not None:
        parts.append(_place("days", "Day by day"))
    return "\n".join([*parts, "</section>"])


def _place(kind: str, heading: str) -> str:
    return (
        f'<section class="{kind}-place"><h2>{heading}</h2><div data-place="{kind}"></div></section>'
    )


def _facts(facts: Iterable[tuple[str, str, str]]) -> str:
    items = "".join(
        f"<div><dt>{escape(what)}</dt><dd><b>{escape(figure)}</b> {escape(beside)}</dd></div>"
        for what, figure, beside in facts
    )
    return f'<dl class="facts">{items}</dl>'


def _figure(figure: Figure) -> str:
    beside = f'<dd class="with">{escape(figure.beside)}</dd>' if figure.beside else ""
    return f"<div><dt>{escape(figure.label)}</dt><dd>{escape(figure.value)}</dd>{beside}</div>"


def _table(table: Table) -> str:
    kinds = ["word" if index < table.words else "" for index in range(len(table.heads))]
    heads = "".join(_head(text, kind) for text, kind in zip(table.heads, kinds, strict=True))
    rows = "".join(
        f"<tr{_strong(row[0] == table.strong)}>"
        + "".join(
            _cell(text, kind, index)
            for index, (text, kind) in enumerate(zip(row, kinds, strict=True))
        )
        + "</tr>"
        for row in table.rows
    )
    caption = escape(table.caption)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


def _strong(strong: bool) -> str:  # noqa: FBT001  (a row is the page's own, or it is not)
    return ' class="strong"' if strong else ""


def _head(text: str, kind: str) -> str:
    named = escape(text) if text else '<span class="unseen">who</span>'
    return f'<th scope="col"{_class(kind)}>{named}</th>'


def _cell(text: str, kind: str, index: int) -> str:
    if index == 0:
        return f'<th scope="row"{_class(kind)}>{escape(text)}</th>'
    return f"<td{_class(kind)}>{escape(text)}</td>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _totals(tables: Iterable[Table]) -> str:
    listed = "".join(_table(each) for each in tables)
    return f'<div class="tables">{listed}</div>' if listed else ""


def _notes(page: Page) -> str:
    terms = "".join(f"<dt>{escape(word)}</dt><dd>{escape(says)}</dd>" for word, says in page.terms)
    notes = "".join(f"<li>{escape(each)}</li>" for each in page.notes)
    parts = []
    if terms:
        parts.append(f'<h2>How to read it</h2><dl class="terms">{terms}</dl>')
    if notes:
        parts.append(f'<ul class="notes">{notes}</ul>')
    return "".join(parts)
