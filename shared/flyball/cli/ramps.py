"""What does each user of a ramp send in a minute, where no option says it?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.cli.benches import Given
    from flyball.cli.wishes import Wanted

OPTION = "--requests-per-user"


def take_users(wanted: Wanted, given: Given) -> tuple[Wanted, Given]:
    """Take it from the load test, and note where it is from.

    Of several load tests it is taken from the first one of users.

    Raises:
        CommandError: No load test was made by users.
    """
    from flyball.report.plain import plain
    from flyball.sizing.rounding import show_figure
    from flyball.sizing.users import learn_users

    wish = wanted.wish
    if not wanted.asks_users or wish is None or wish.expectation.ramp is None:
        return wanted, given
    for benchmark in given.benchmarks:
        found = learn_users(benchmark)
        if found is not None:
            break
    else:
        refuse(
            f"--shape ramp: the load test was not made by users: give {OPTION} with it, how many "
            "requests each user sends in a minute"
        )
    ramp = wish.expectation.ramp._replace(requests_per_user=found.requests)
    note = (
        f"each user sends {show_figure(found.requests)} requests a minute, as in "
        f"{plain(benchmark.source)}, below saturation; {OPTION} says another"
    )
    if not found.pauses:
        note += ". Its users did not pause between an answer and the next request, as people do"
    wish = replace(wish, expectation=replace(wish.expectation, ramp=ramp))
    return wanted._replace(wish=wish), given._replace(notes=(*given.notes, note))
