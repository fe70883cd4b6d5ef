"""Is what happened to a capacity since the last look said in plain words?"""

from __future__ import annotations

from flyball.core.chain import GENESIS, Row
from flyball.core.codec import canonical, encode
from flyball.core.model import Deployed, History
from flyball.core.past import Notice, Noticed
from flyball.core.record import DECISION, DecisionRecord
from flyball.report.noticed import tell_noticed
from flyball.report.rows import tell_row
from tests.unit.report.scenes import NOON, make_decision, see

REDEPLOYED = Noticed(
    Notice.REDEPLOYED, NOON, 4, 1, Deployed("7", "llm\x1b[2J, model m1@1"), Deployed("9")
)


def test_a_redeploy_names_both_models_and_both_floors() -> None:
    """By id and title; a title comes from outside, and steers no terminal."""
    told = tell_noticed(REDEPLOYED)
    assert told == (
        "Deployed model 9 is scaled from now on, in place of 7 (llm�[2J, model m1@1): it came "
        "with a floor of 1, and the one before was to have 4"
    )


def test_one_that_is_cut_is_still_told() -> None:
    """Names that are not there are no reason to fail."""
    told = tell_noticed(REDEPLOYED._replace(replaced=None, deployed=None))
    assert told.startswith("Deployed model ? is scaled from now on, in place of ?")


def test_the_list_of_rows_says_it_beside_the_decision() -> None:
    """It has no row of its own."""
    decision = make_decision()
    record = DecisionRecord("1", "h", {}, see(10, 1.0), History(), (REDEPLOYED,), decision)
    row = Row("churn", 1, "1", NOON, DECISION, canonical(encode(record)), GENESIS, "")
    line = tell_row(row, lambda _, __: None)
    assert tell_noticed(REDEPLOYED) in line.why
