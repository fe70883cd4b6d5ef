"""Does exactly one of many racers get a lease?"""

from __future__ import annotations

import threading

from flyball.ports import (
    ItemUpdate,
    LeaseHeldError,
    Ledger,
    NewRow,
)
from tests.contract.steps import (
    MINUTE,
    T0,
    TARGET,
    assert_whole,
    register,
)

RACERS, ROUNDS = 8, 200


def test_of_8_threads_exactly_one_gets_each_lease(ledger: Ledger) -> None:
    """200 rounds; each winner appends one row, and the chain stays whole."""
    register(ledger)
    barrier = threading.Barrier(RACERS)
    won: list[tuple[int, str]] = []
    failed: list[BaseException] = []

    def race(token: str) -> None:
        try:
            for n in range(ROUNDS):
                barrier.wait(30)
                now = T0 + n * MINUTE
                try:
                    claim = ledger.claim(TARGET, f"{token}-{n}", now, now + MINUTE)
                except LeaseHeldError:
                    continue
                row = NewRow("decision", now, f'{{"n":{n}}}')
                ledger.write(claim, [row], ItemUpdate(pending=n % 2 == 0))
                won.append((n, token))
        except BaseException as error:
            barrier.abort()
            failed.append(error)
            raise

    threads = [threading.Thread(target=race, args=(str(n),)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(n for n, _ in won) == list(range(ROUNDS))
    assert len(list(ledger.rows(TARGET))) == ROUNDS + 1
    assert_whole(ledger)
