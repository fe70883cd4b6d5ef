"""What does one write add to the chain, and how does the claim look after it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flyball.core.chain import Row, extend
from flyball.ports import Claim, ItemUpdate, NewRow


def append(claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> tuple[Sequence[Row], Claim]:
    """Seal the new rows behind the claim's head and carry the update over to the claim.

    Returns:
        The rows as they are stored, and the claim after the write. A released claim keeps its
        token, with which nothing can be written any more.

    Raises:
        ValueError: A row is to be pending and there is none, or an instant has no time zone.
    """
    if update.pending and not rows:
        message = "pending: got True without a row, expected the intent among the rows"
        raise ValueError(message)
    sealed = extend(claim.scalable_target_id, claim.sequence, claim.head, rows)
    pending = claim.pending
    if update.pending is not None:
        pending = sealed[-1].id if update.pending else None
    after = claim._replace(
        pending=pending,
        history=claim.history if update.history is None else update.history,
        seen=claim.seen if update.seen is None else update.seen,
        wake_at=claim.wake_at if update.wake_at is None else aware(update.wake_at),
    )
    if sealed:
        after = after._replace(sequence=sealed[-1].sequence, head=sealed[-1].hash)
    return sealed, after


def aware(at: datetime) -> datetime:
    """Give the instant in UTC.

    Raises:
        ValueError: It has no time zone, so that which instant it is depends on the machine.
    """
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        message = f"got {at.isoformat()}, expected an aware instant"
        raise ValueError(message)
    return at.astimezone(UTC)


def why_lost(claim: Claim, token: str, generation: int, sequence: int) -> str | None:
    """Say why nothing can be written with a claim any more; None: it still holds.

    Args:
        claim: The claim.
        token: Of the lease's holder, as the item has it now; "" for none, or for no item.
        generation: The item's.
        sequence: The item's.
    """
    nothing = f"{claim.scalable_target_id}: nothing was written, as"
    if token != claim.token:
        return f"{nothing} the lease is not held by {claim.token!r} any more."
    if generation != claim.generation:
        return f"{nothing} the config is of generation {generation}, not {claim.generation}."
    if sequence != claim.sequence:
        return f"{nothing} there is a row {sequence}, and the claim knows {claim.sequence} only."
    return None
