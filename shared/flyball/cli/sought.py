"""What may be said of a search: what for, of what, how long, and who judges it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOST_TRIALS = 10_000
MOST_BATCH = 1_024

LateBudget = Annotated[
    str | None,
    typer.Option(
        "--late-budget",
        metavar="SHARE",
        help="The cheapest is wanted of what lets no more requests wait: 1%.  [default: no more "
        "than now; the whole frontier is searched]",
        show_default=False,
    ),
]
Choose = Annotated[
    int | None,
    typer.Option("--choose", metavar="N", min=1, help="Take this point of the frontier."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="POLICY[.FIELD]",
        help="Search only this, such as keep or keep.target_value; * stands for anything, ID: "
        "before it for one scalable target; may be repeated.",
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="POLICY[.FIELD]", help="Leave this as it is; as --only."),
]
Trials = Annotated[
    int,
    typer.Option("--trials", min=1, max=MOST_TRIALS, help="Points that each search tries."),
]
Batch = Annotated[
    int,
    typer.Option(
        "--batch",
        min=1,
        max=MOST_BATCH,
        help="Points that a search proposes at a time: as many as there are cores, or more.",
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="DURATION", help="Begin no round after so long: 30m."),
]
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds",
        min=0,
        max=12,
        help="Futures that judge what was chosen before them; each is a search of its own.  "
        "[default: 3, or fewer for few days]",
        show_default=False,
    ),
]
Sampler = Annotated[
    str, typer.Option("--sampler", metavar="NAME", help="Optuna's that proposes: tpe or nsga2.")
]
StudyFile = Annotated[
    Path | None,
    typer.Option(
        "--study",
        metavar="FILE",
        help="Keep the search in a journal of Optuna's; where there is one, go on.",
    ),
]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="PEERS",
        help="Who stands beside it, as in flyball backtest; who has a target, and none is given, "
        "with each of 50 to 96 %.",
    ),
]
