"""How are a batch's items dealt to so many machines, so that the least time is billed?

Evenly they all end together, and each of them may have begun another hour. Some that are filled up
to whole hours, and others with an hour less, may be cheaper: time is billed in increments, with a
least, and a machine works in rounds of as many items as it takes at a time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from flyball.core.shape import NamedTuple

NEAR = 32
"""Choices on either side of the mean that are tried in pairs."""
COUNTED = 100_000
"""Combinations, up to which all deals are compared."""
MOST_CHOICES = 200
"""For one machine; where there are more, an increment is little of what is billed."""


class Choice(NamedTuple):
    """So many rounds on a machine, and what is billed for them; no more fit into that."""

    rounds: int
    billed: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a machine is billed for, in whole units of time.

    Attributes:
        start: Before its first round, >= 0.
        each: A round, > 0.
        by: Time is billed in whole ones of these, > 0.
        least: So much at least, >= 0.
        most: Rounds that it has time for, >= 1.
    """

    start: int
    each: int
    by: int
    least: int
    most: int

    def bill(self, rounds: int) -> int:
        """Say what is billed for a machine."""
        return max(self.least, -(-(self.start + rounds * self.each) // self.by) * self.by)

    def fill(self, rounds: int) -> Choice:
        """Add rounds for which nothing more is billed."""
        billed = self.bill(rounds)
        full = (billed // self.by * self.by - self.start) // self.each
        return Choice(min(self.most, max(rounds, full)), billed)

    def bound(self, machines: int, rounds: int) -> int:
        """Say what is billed at least, whoever does how much."""
        # All that a machine works for, and what is billed, are multiples of the unit, but its start
        unit = math.gcd(self.each, self.by)
        start = -(-self.start // unit) * unit
        whole = -(-(machines * start + rounds * self.each) // self.by) * self.by
        full = min(list_all(self), key=lambda each: each.billed / each.rounds, default=None)
        filled = -(-rounds * full.billed // full.rounds) if full else 0
        return max(whole, filled, machines * self.bill(1))


def deal_rounds(machines: int, rounds: int, terms: Terms) -> Mapping[int, int]:
    """Deal rounds so that the least is billed, and all machines end in time.

    It is the least of all deals where it comes to the bound, or all deals could be compared; else
    of those in which all machines but one have one of two numbers of rounds, near the mean.

    Args:
        machines: >= 1; each has a round at least.
        rounds: From machines to machines × terms.most.
        terms: Of each.

    Returns:
        Machines by their number of rounds; evenly, where nothing is cheaper.
    """
    even = _deal_evenly(machines, rounds)
    cost, bound = _sum(even, terms), terms.bound(machines, rounds)
    if cost <= bound:
        return even
    choices = list_choices(machines, rounds, terms)
    low = [each for each in choices if each.rounds * machines <= rounds]
    high = [each for each in choices if each.rounds * machines > rounds]
    best = even
    for found in _pair(machines, rounds, low, high):
        least = _sum(found, terms)
        if least < cost:
            best, cost = found, least
            if cost <= bound:
                return _trim(best, rounds)
    every = list_all(terms)
    if every and machines * rounds * len(every) <= COUNTED:
        found = _compare_all(machines, rounds, every)
        best = found if _sum(found, terms) < cost else best
    return _trim(best, rounds) if best is not even else even


def deal_soonest(machines: int, rounds: int, terms: Terms) -> Mapping[int, int]:
    """Deal rounds as deal_rounds does; of deals that cost the same, take one that ends sooner."""
    dealt = deal_rounds(machines, rounds, terms)
    cost, low, high = _sum(dealt, terms), -(-rounds // machines), max(dealt)
    while low < high:
        middle = (low + high) // 2
        found = deal_rounds(machines, rounds, replace(terms, most=middle))
        if _sum(found, terms) <= cost:
            dealt, high = found, max(found)
        else:
            low = middle + 1
    return dealt


@lru_cache(maxsize=64)
def list_all(terms: Terms) -> tuple[Choice, ...]:
    """List all that a machine may be given, rising; nothing where they are more than MOST_CHOICES.

    A machine with fewer rounds than fit into what is billed for it is never worth it.
    """
    found = [terms.fill(1)]
    while found[-1].rounds < terms.most:
        if len(found) == MOST_CHOICES:
            return ()
        found.append(terms.fill(found[-1].rounds + 1))
    return tuple(found)


def list_choices(machines: int, rounds: int, terms: Terms) -> list[Choice]:
    """List what a machine may be given, rising: the nearest to the mean, and the ends."""
    mean = max(1, rounds // machines)
    found = {terms.fill(1), terms.fill(terms.most), Choice(1, terms.bill(1))}
    up = down = terms.fill(mean)
    for _ in range(NEAR):
        found |= {up, down}
        if up.rounds < terms.most:
            up = terms.fill(up.rounds + 1)
        less = (down.billed - 1) // terms.by * terms.by  # an increment less
        fewer = (less - terms.start) // terms.each
        if fewer >= 1 and terms.bill(fewer) < down.billed:
            down = Choice(fewer, terms.bill(fewer))
    return sorted(found)


def _pair(
    machines: int, rounds: int, low: Sequence[Choice], high: Sequence[Choice]
) -> Iterator[Counter[int]]:
    """Deal with few and with many rounds, so that these are enough, and one machine between."""
    both = [*low, *high]
    for few in low:
        for many in high:
            most = -(-(rounds - machines * few.rounds) // (many.rounds - few.rounds))
            yield Counter({many.rounds: most}) + Counter({few.rounds: machines - most})
            if not most:
                continue
            rest = rounds - (most - 1) * many.rounds - (machines - most) * few.rounds
            between = both[bisect_left(both, Choice(rest, 0))]
            found = Counter({many.rounds: most - 1}) + Counter({few.rounds: machines - most})
            yield found + Counter({between.rounds: 1})


def _compare_all(machines: int, rounds: int, choices: Sequence[Choice]) -> Counter[int]:
    """Compare all deals: the least that is billed for so many rounds on so many machines.

    What is more than there is to do is of no matter: fewer rounds are never dearer.
    """
    never = machines * choices[-1].billed + 1
    billed, taken = [0] + [never] * rounds, list[list[Choice]]()
    for _ in range(machines):
        later, last = [never] * (rounds + 1), [choices[0]] * (rounds + 1)
        for done in range(rounds + 1):
            for choice in choices if billed[done] < never else ():
                to, cost = min(rounds, done + choice.rounds), billed[done] + choice.billed
                if cost < later[to]:
                    later[to], last[to] = cost, choice._replace(billed=done)
        billed = later
        taken.append(last)
    found, at = Counter[int](), rounds
    for last in reversed(taken):
        found[last[at].rounds] += 1
        at = last[at].billed
    return found


def _trim(dealt: Mapping[int, int], rounds: int) -> Counter[int]:
    """Take away what is more than there is, from those with the most."""
    found, over = Counter(dealt), sum(each * count for each, count in dealt.items()) - rounds
    while over:
        most = max(found)
        less = max([each for each in found if each < most], default=1)
        count = found[most]
        each = min(most - less, max(1, over // count))
        taken = min(count, over // each)
        found += Counter({most - each: taken})
        found[most] -= taken
        found = +found
        over -= taken * each
    return found


def _deal_evenly(machines: int, rounds: int) -> Counter[int]:
    share, more = divmod(rounds, machines)
    return +Counter({share + 1: more, share: machines - more})


def _sum(dealt: Mapping[int, int], terms: Terms) -> int:
    return sum(count * terms.bill(each) for each, count in dealt.items())
