"""Which part of an endpoint's past was pulled already, and what has to be asked for still?

A file for each day of minutes, whole or not there at all: a pull that was interrupted goes on where
it was, and the same window is sized the same again without a call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from flyball.busy import Load, LoadSource
from flyball.history import HistoryError, ThrottledError
from flyball.recipe import Span
from flyball.sim.pulled import WAITS_S, split

FOLDER = "load"
PLACES = "places.json"
MARK_LETTERS = 12

_STRANGE = str.maketrans(dict.fromkeys("/\\:. ", "-"))


def pull_loads(
    source: LoadSource,
    endpoint: str,
    variant: str,
    span: Span,
    cache: Path,
    rest: Callable[[float], object],
    *,
    refresh: bool = False,
) -> tuple[Load, ...]:
    """Give each period of a span in which requests came, and ask only for what is not kept.

    Args:
        source: Who is asked.
        endpoint: Its name.
        variant: Of the endpoint.
        span: Of which periods; all of it settled.
        cache: Folder of all sources; made where there is none.
        rest: Waits for seconds, where it was asked too often.
        refresh: Ask for all of it, also for what is kept.

    Raises:
        HistoryError: It was refused, or in all of the span no request came.
        OSError: The folder cannot be written.
    """
    folder = _find_folder(source, endpoint, variant, cache)
    loads: list[Load] = []
    for part in split(span):
        path = (
            folder
            / f"{part.start:%Y%m%dT%H%MZ}-{part.end:%Y%m%dT%H%MZ}-{part.period.seconds}s.json"
        )
        kept = None if refresh else _read(path, part)
        if kept is None:
            kept = [*_ask(source, endpoint, variant, part, rest)]
            _write(path, json.dumps([_encode(each) for each in kept]))
        loads += kept
    if not loads:
        window = f"{span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC"
        raise HistoryError(
            f"{endpoint}/{variant}: no request from {window}; choose another window, and see that "
            "the endpoint, the variant and the region are right"
        )
    return tuple(loads)


def _find_folder(source: LoadSource, endpoint: str, variant: str, cache: Path) -> Path:
    """Give the folder of a variant, which is another one in another account or region."""
    root = cache / FOLDER
    root.mkdir(parents=True, exist_ok=True)
    try:
        read = json.loads((root / PLACES).read_text("utf-8"))
        known = {str(key): str(value) for key, value in read.items()}
    except (OSError, ValueError, AttributeError):
        known = {}
    before = dict(known)
    place = source.find_place(known)
    if known != before:
        _write(root / PLACES, json.dumps(known))
    mark = sha256(f"{place} {endpoint} {variant}".encode()).hexdigest()[:MARK_LETTERS]
    folder = root / f"{endpoint.translate(_STRANGE)}-{mark}"
    folder.mkdir(exist_ok=True)
    return folder


def _ask(
    source: LoadSource, endpoint: str, variant: str, part: Span, rest: Callable[[float], object]
) -> Sequence[Load]:
    """Ask for a part, again and again while it is asked too often and there is a wait left."""
    for wait_s in WAITS_S:
        try:
            return source.pull_loads(endpoint, variant, part)
        except ThrottledError:
            rest(wait_s)
    return source.pull_loads(endpoint, variant, part)


def _encode(load: Load) -> list[Any]:
    late = {str(quantile): value for quantile, value in load.latency_ms.items()}
    seconds = load.period.total_seconds()
    known = (load.requests, load.failed, load.instances, late, dict(load.used_percent))
    return [load.at.isoformat(), seconds, *known]


def _decode(row: list[Any]) -> Load:
    at, seconds, requests, failed, instances, late, used = row
    return Load(
        datetime.fromisoformat(at).astimezone(UTC),
        timedelta(seconds=seconds),
        float(requests),
        float(failed),
        None if instances is None else float(instances),
        {float(quantile): float(value) for quantile, value in late.items()},
        {str(resource): float(value) for resource, value in used.items()},
    )


def _read(path: Path, part: Span) -> list[Load] | None:
    """Read what is kept of a part; None: it is not there, or is not what was written."""
    try:
        loads = [_decode(row) for row in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return loads if all(part.start <= each.at < part.end for each in loads) else None


def _write(path: Path, text: str) -> None:
    """Write a file, of which nobody ever sees a part."""
    begun = path.with_suffix(".part")
    begun.write_text(text, encoding="utf-8")
    begun.replace(path)
