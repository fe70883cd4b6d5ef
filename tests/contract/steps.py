"""Which few steps does every test of a ledger take?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from flyball.core.chain import verify
from flyball.ports import Claim, ItemUpdate, Ledger, NewRow

T0 = datetime(2026, 11, 21, 0, 24, 11, 123_456, UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TARGET = "endpoint/a/variant/b"
CONFIG = '{"max_capacity":10,"target_value":0.7}'
CONFIG_HASH = sha256(CONFIG.encode()).hexdigest()
OTHER_CONFIG = '{"max_capacity":20}'
NOTHING = ItemUpdate()
INTENT = NewRow("decision", T0, '{"desired":3}')
HOLD = NewRow("decision", T0, '{"desired":2}')
OUTCOME = NewRow("outcome", T0 + SECOND, '{"kind":"applied"}')


def register(ledger: Ledger, target: str = TARGET, now: datetime = T0) -> int:
    """Register a target with the first config."""
    return ledger.register(target, CONFIG, CONFIG_HASH, now)


def take(ledger: Ledger, holder: str = "a", now: datetime = T0, target: str = TARGET) -> Claim:
    """Claim a target for a minute."""
    return ledger.claim(target, holder, now, now + MINUTE)


def assert_whole(ledger: Ledger) -> None:
    """Check that every chain is without a gap or fault and that its item knows its end."""
    for target in ledger.scalable_target_ids():
        rows = list(ledger.rows(target))
        status = ledger.status(target)
        assert [row.sequence for row in rows] == list(range(1, status.sequence + 1))
        assert list(verify(rows, head=status.head, sequence=status.sequence)) == []


def written(
    ledger: Ledger, target: str, count: int, kinds: tuple[str, ...] = ("decision",)
) -> None:
    """Append rows, one a minute."""
    register(ledger, target)
    claim = take(ledger, target=target)
    for n in range(count):
        row = NewRow(kinds[n % len(kinds)], T0 + (n + 1) * MINUTE, f'{{"n":{n}}}')
        claim = ledger.write(claim, [row], NOTHING)
    ledger.write(claim, [], ItemUpdate(release=True))
