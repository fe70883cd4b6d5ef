"""Has this wake-up anything new to tell, or was it, or a newer one of its source, handled already?

Events come twice, late and out of order. A source's newest handled state timestamp is kept in the
target's item, in the same write as the decision: an event whose handling died was not handled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from flyball.core.codec import canonical, decode_instant, encode_instant
from flyball.ports import Trigger

SOURCES_LIMIT = 64
"""Trigger sources whose newest state timestamp is kept for each target."""
FORESIGHT = timedelta(minutes=5)
"""No clock is that far ahead: a later stamp is a mistake, and is not kept."""

Seen = Mapping[str, datetime]
"""By trigger source: the newest state timestamp that was handled."""


@lru_cache(maxsize=1_024)
def read_seen(text: str) -> Seen:
    """Read what the item holds.

    Anything that cannot be read counts as not seen: one more look changes nothing.
    """
    try:
        found = {str(source): decode_instant(at) for source, at in json.loads(text).items()}
    except (ValueError, AttributeError):
        found = {}
    return MappingProxyType(found)


def is_stale(trigger: Trigger, seen: Seen, now: datetime) -> bool:
    """Say whether this event, or a newer one of its source, was handled already."""
    newest = seen.get(trigger.source) if trigger.source else None
    return newest is not None and trigger.at <= newest <= now + FORESIGHT


def note_seen(seen: Seen, trigger: Trigger, now: datetime) -> str:
    """Note the state timestamp of the trigger's source; forget the oldest of too many.

    A stamp far in the future is not kept: it would silence its source until then.

    Returns:
        Canonical JSON for the item.
    """
    kept = {source: at for source, at in seen.items() if at <= now + FORESIGHT}
    if trigger.source and trigger.at <= now + FORESIGHT:
        kept[trigger.source] = trigger.at
    newest = sorted(kept, key=lambda source: (kept[source], source))[-SOURCES_LIMIT:]
    return _write(tuple((source, kept[source]) for source in newest))


@lru_cache(maxsize=1_024)
def _write(newest: tuple[tuple[str, datetime], ...]) -> str:
    """Write what is kept; a timer, which has no source, changes nothing of it."""
    return canonical({source: encode_instant(at) for source, at in newest})
