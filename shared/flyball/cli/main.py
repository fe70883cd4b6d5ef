"""Which commands does `flyball` have, and how does it end?"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flyball import __version__
from flyball.cli import (
    apply,
    backtest,
    batch,
    cost,
    decide,
    demo,
    destroy,
    diff,
    doctor,
    explain,
    export,
    forecast,
    import_,
    ledger,
    loadtest,
    pause,
    plan,
    queue,
    run,
    schedule,
    schema,
    size,
    tune,
    validate,
    verify,
)
from flyball.cli.failure import CLOSED, FAULT, FOUND, INTERRUPTED, OK, REFUSED, complain, describe

PLANNING = frozenset({"plan", "apply", "destroy"})
"""Commands of which 2 says that there are changes; so being called wrongly is 1."""


class Commands(TyperGroup):
    """The root command: whatever goes wrong is one line and an honest exit code."""

    def main(self, *args: Any, **given: Any) -> Any:  # noqa: ANN401  (as typer's)
        """Run, and end the program; with `standalone_mode` off, return the exit code."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # an old terminal shows ? for an arrow
                stream.reconfigure(errors="replace")
        ends = given.pop("standalone_mode", True)
        code = self._end(*args, **given)
        if ends:
            sys.exit(code)
        return code

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """Give --help; a plain False where it is absent, for which typer loads no validator."""
        option = super().get_help_option(ctx)
        if option is not None and option.default is None:
            option.default = False
        return option

    def _end(self, *args: Any, **given: Any) -> int:  # noqa: ANN401
        """Run, and turn whatever ends the program into its exit code."""
        try:
            given["standalone_mode"] = False
            code = super().main(*args, **given)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence()
            return CLOSED
        except SystemExit as ended:  # typer's own answer to a closed pipe
            if isinstance(ended.__context__, BrokenPipeError):
                return CLOSED
            raise
        except (KeyboardInterrupt, typer.Abort):
            complain("interrupted")
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001  (the last place where it can be said well)
            return _report(error)
        if code == INTERRUPTED:
            complain("interrupted")
        return code if isinstance(code, int) else OK


def _report(error: Exception) -> int:
    """Say what went wrong; where from only if the environment asks for it."""
    from flyball.wiring.local import Settings, SettingsError

    if hasattr(error, "format_message"):  # typer's own, about how it was called
        return _report_usage(error)
    try:
        shows = Settings.from_env().traceback
    except SettingsError:
        shows = False
    text, code = describe(error)
    if shows:
        import traceback

        traceback.print_exception(error)
    complain(text)
    if code == REFUSED:
        return int(getattr(error, "refused_with", code))
    return code or FAULT


def _report_usage(error: Any) -> int:  # noqa: ANN401  (typer keeps its type to itself)
    """Say on one line what was typed wrongly; a bare group of commands shows its help."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return REFUSED
    context = getattr(error, "ctx", None)
    name = "flyball" if context is None else context.command_path
    complain(f"{' '.join(message.split())} Try `{name} --help`.")
    return FOUND if name.rpartition(" ")[2] in PLANNING else REFUSED


def _silence() -> None:
    """Let the interpreter flush into nothing, where nobody reads any more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"flyball {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="flyball",
    add_completion=False,  # its two options would load the validator at every start
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Exit codes: 0 it is so, or done; 1 it is not so; 2 it could not be done.",
)


@app.callback()
def flyball(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Scale model endpoints, and say why.

    Begin with `flyball demo`: a day of traffic, and every decision with its reason.
    """


rows = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
rows.command("list", short_help="List the newest rows.")(ledger.list_rows)
rows.command("show", short_help="Show one row whole.")(ledger.show)
rows.command("verify", short_help="Find rows that were changed, removed or moved.")(verify.verify)
rows.command("replay", short_help="Decide every row again, and compare.")(verify.replay)
rows.command("export", short_help="Write rows for other programs.")(export.export)

calendar = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
calendar.callback()(schedule.group)
calendar.command("preview", short_help="List what the calendar does next.")(schedule.preview)

adopt = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
adopt.callback()(import_.group)
adopt.command("aws", short_help="Read native auto scaling of SageMaker, or of a group.")(
    import_.aws
)
adopt.command("gcp", short_help="Read the ranges and metrics of Vertex AI's endpoints.")(
    import_.gcp
)

batches = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
batches.callback()(batch.batch)
batches.command("queue", short_help="Size workers that follow a queue.")(queue.queue)

for command, words in (
    (demo.demo, "Replay a day of traffic and show each decision."),
    (backtest.backtest, "Run a config over recorded traffic, beside its peers."),
    (diff.diff, "Say what a change of policy would have done."),
    (forecast.forecast, "Say whether prediction adds anything on recorded traffic."),
    (tune.tune, "Search over a config's policies, and propose a change."),
    (loadtest.loadtest, "Load an endpoint step by step, until one instance saturates."),
    (size.size, "Say how many instances a model needs, by a load test of one."),
    (run.run, "Run the controller as a loop on this machine."),
    (validate.validate, "Name every error of a flyball.yaml at once."),
    (schema.schema, "Print the JSON Schema of flyball.yaml or a scenario."),
    (decide.decide, "Run the engine on a scenario; nothing is changed."),
    (explain.explain, "Say why a decision fell, and what would change it."),
    (plan.plan, "Show what applying a config would change."),
    (apply.apply, "Put a config, or a plan of one, into force."),
    (destroy.destroy, "Remove what a config made; rows stay."),
    (doctor.doctor, "Say what is wrong with a deployment, and the remedy."),
    (cost.cost, "Price a month of Flyball itself on AWS and Google Cloud."),
    (pause.pause, "Stop the changes of a scalable target for a while."),
    (pause.resume, "End a pause before its time."),
):
    app.command(short_help=words)(command)
app.add_typer(batches, name="batch", short_help="Size a batch, or workers that follow a queue.")
app.add_typer(adopt, name="import", help="Take over native scaling as a flyball.yaml.")
app.add_typer(calendar, name="schedule", help="Look at schedules and windows.")
app.add_typer(rows, name="ledger", help="List, show, verify, replay and export rows.")
