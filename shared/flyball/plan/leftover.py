"""How is it told that something of ours is nobody's any more, in every cloud?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flyball.plan.model import Check, Level


def tell_leftover(owners: Iterable[str]) -> Iterator[Check]:
    """Say of which targets alarms are left that no file and no ledger names.

    A renaming or a removal that broke off leaves them.

    Args:
        owners: Of each such alarm, the id of its scalable target.
    """
    for owner, count in Counter(owners).items():
        alarms = "1 alarm is" if count == 1 else f"{count} alarms are"
        text = f"{alarms} left of {owner}, which is neither in the file nor registered"
        remedy = "the next apply or destroy removes what is left, this one included"
        yield Check("alarm", Level.WARN, text, remedy, owner)
