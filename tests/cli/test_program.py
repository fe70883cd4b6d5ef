"""Does the real program behave on pipes, terminals and signals?"""

from __future__ import annotations

import json
import re
import resource
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.programs import (
    FLYBALL,
    PATIENCE_S,
    environment,
    finish,
    run,
    run_on_terminal,
    start,
    wait_for,
)

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HEAVY = ("pydantic", "ruamel", "rich.live", "rich.console", "sqlite3", "flyball.sim")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a demo's folder once."""
    folder = tmp_path_factory.mktemp("demo")
    code, _, err = run("demo", "--quiet", cwd=folder)
    assert (code, err) == (0, "")
    return folder


def test_the_installed_command_is_there(repository: Path) -> None:
    """`flyball` on the PATH of the environment is this program."""
    command = Path(sys.executable).with_name("flyball")
    if not command.exists():
        pytest.skip(f"{command} is not installed: this interpreter runs from another folder")
    done = subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=True, cwd=repository
    )
    assert done.stdout.startswith("flyball ")


# --- how quick --------------------------------------------------------------------


def test_the_commands_that_a_demo_names_run_as_they_stand(tmp_path: Path) -> None:
    """Also where the program is not on PATH, as after `make demo`."""
    program = Path(sys.executable).with_name("flyball")
    if not program.exists():
        pytest.skip(f"{program} is not installed: this interpreter runs from another folder")
    nowhere = environment(PATH="/usr/bin:/bin")
    said = subprocess.run(
        [program, "demo", "--quiet"],
        cwd=tmp_path,
        env=nowhere,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [line.strip() for line in said.stdout.split("Look closer")[1].splitlines() if line]
    assert len(commands) == 5
    for command in commands:
        assert command.startswith(f"{program} ")
        subprocess.run(
            shlex.split(command), cwd=tmp_path, env=nowhere, capture_output=True, check=True
        )


@pytest.mark.parametrize("words", ["--help", "demo --help", "ledger --help", "--version"])
def test_help_loads_nothing_heavy(words: str, tmp_path: Path) -> None:
    """Neither the validator, nor YAML, nor the live view, nor the database."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *FLYBALL[1:], *words.split()],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment(),
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []


# --- signals ----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stops_cleanly_on_a_signal(
    number: signal.Signals, made: Path, tmp_path: Path
) -> None:
    """Exit code 0, soon, with its ledger whole."""
    config = made / ".flyball" / "demo.yaml"
    program = start("run", "--config", config, "--interval", "30s", cwd=tmp_path)
    assert program.stdout is not None
    assert " demo: Hold" in program.stdout.readline()
    program.send_signal(number)
    code, _, err = finish(program)
    assert (code, err.splitlines()[-1]) == (0, "flyball: stopped; 1 decision, 0 changes")
    assert run("ledger", "verify", cwd=tmp_path)[0] == 0


def test_a_demo_that_is_interrupted_says_so(tmp_path: Path) -> None:
    """Exit code 130, and no traceback."""
    program = start("demo", "--days", "300", cwd=tmp_path)
    assert program.stdout is not None
    program.stdout.readline()
    program.send_signal(signal.SIGINT)
    code, _, err = finish(program)
    assert (code, err) == (130, "flyball: interrupted\n")


def test_two_runs_on_one_ledger_do_each_wake_once(made: Path, tmp_path: Path) -> None:
    """Both go on, and the chain has one row for what was due once."""
    config = made / ".flyball" / "demo.yaml"
    command = ("run", "--config", config, "--interval", "0.05s", "--for", "3s")
    first, second = (start(*command, cwd=tmp_path) for _ in range(2))
    ends = [finish(first), finish(second)]
    assert [code for code, _, _ in ends] == [0, 0]
    assert sum(out.count(" demo: ") for _, out, _ in ends) >= 1
    code, out, _ = run("ledger", "verify", "--json", cwd=tmp_path)
    assert (code, json.loads(out)["ok"]) == (0, True)
    _, listed, _ = run("ledger", "list", "--kind", "decision", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in listed.splitlines()]
    triggers = [row["body"]["trigger"]["trigger_id"] for row in rows]
    assert len(triggers) == len(set(triggers))
    assert not any(err.count("\n") > 4 for _, _, err in ends), "the same thing is said twice"


def test_a_killed_run_goes_on_where_it_was(made: Path, tmp_path: Path) -> None:
    """The endpoint and the ledger outlive it."""
    config = made / ".flyball" / "demo.yaml"
    program = start("run", "--config", config, "--interval", "0.05s", cwd=tmp_path)
    assert program.stdout is not None
    program.stdout.readline()
    program.kill()
    finish(program)
    code, _, err = run("run", "--config", config, "--once", cwd=tmp_path)
    assert code == 0, err
    assert run("ledger", "verify", cwd=tmp_path)[0] == 0


# --- pipes, terminals, full disks -------------------------------------------------


def test_nobody_reading_is_no_error_to_shout_about(made: Path) -> None:
    """As for `| head -1`: quiet, and the code that a shell knows."""
    program = start("ledger", "export", "--ledger", ".flyball/demo.db", cwd=made)
    assert program.stdout is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.stderr is not None
    err = program.stderr.read()
    program.stderr.close()
    assert (program.wait(PATIENCE_S), err) == (141, "")


def test_a_pipe_gets_whole_lines_without_colours(made: Path) -> None:
    """One row a line, however long."""
    _, out, err = run("ledger", "list", "--ledger", ".flyball/demo.db", cwd=made)
    assert "\x1b" not in out
    assert err == ""
    assert len(out.splitlines()) == 21


@pytest.mark.parametrize("columns", [80, 140])
def test_a_terminal_gets_a_table_that_fits(columns: int, made: Path) -> None:
    """In colours, wrapped between words."""
    command = ("ledger", "list", "--ledger", ".flyball/demo.db", "--limit", "5")
    code, out = run_on_terminal(*command, cwd=made, columns=columns)
    assert code == 0
    assert COLOUR.search(out)
    lines = COLOUR.sub("", out).splitlines()
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_refused(variables: dict[str, str], made: Path) -> None:
    """By NO_COLOR, or by a terminal that has none."""
    command = ("explain", "last", "--ledger", ".flyball/demo.db")
    code, out = run_on_terminal(*command, cwd=made, env=variables)
    assert code == 0
    found = COLOUR.findall(out)
    assert not [each for each in found if re.search(r"\[(3|9|4)\d|\[[34]8;", each)]
    if "TERM" in variables:
        assert "\x1b" not in out


def test_the_live_view_is_drawn_on_a_terminal_only(tmp_path: Path) -> None:
    """With its charts; a dumb terminal gets lines."""
    trace = tmp_path / "t.csv"
    rows = "".join(f"{n * 60},{100 + n % 7}\n" for n in range(300))
    trace.write_text(f"timestamp,requests\n{rows}")
    code, out = run_on_terminal("demo", "--trace", trace, "--fast", cwd=tmp_path)
    assert code == 0
    assert "▇" in out or "█" in out
    assert "capacity" in out
    code, out = run_on_terminal("demo", "--trace", trace, cwd=tmp_path, env={"TERM": "dumb"})
    assert code == 0
    assert "\x1b" not in out
    assert "█" not in out


def test_an_old_terminals_letters_do_not_stop_it(made: Path) -> None:
    """What cannot be written is shown as ?."""
    command = ("ledger", "list", "--ledger", ".flyball/demo.db", "--changes-only")
    code, out, err = run(*command, cwd=made, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (code, err) == (0, "")
    assert " ? " in out


def test_a_full_disk_is_one_line(made: Path, tmp_path: Path) -> None:
    """While a ledger is written, and while rows are exported."""
    done = subprocess.run(
        [*FLYBALL, "demo", "--ledger", "small.db"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)
    assert "small.db" in done.stdout + done.stderr
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("/dev/full is not on this system")
    with full.open("w") as stream:
        export = subprocess.run(
            [*FLYBALL, "ledger", "export", "--ledger", ".flyball/demo.db"],
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=made,
            env=environment(),
            timeout=PATIENCE_S,
        )
    assert export.returncode == 2
    assert export.stderr == "flyball: No space left on device\n"


def test_a_locked_ledger_is_one_line(made: Path, tmp_path: Path) -> None:
    """After the wait that the settings allow."""
    source = made / ".flyball" / "demo.db"
    copy = tmp_path / "l.db"
    copy.write_bytes(source.read_bytes())
    holder = sqlite3.connect(copy, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    command = ("pause", "demo", "--reason", "x", "--ledger", copy)
    code, out, err = run(*command, cwd=tmp_path, FLYBALL_WAIT_S="0.1")
    holder.close()
    assert (code, out) == (2, "")
    assert err.startswith("flyball: ")
    assert "locked" in err
    assert err.count("\n") == 1


def test_a_name_cannot_steer_the_terminal(made: Path, tmp_path: Path) -> None:
    """Neither a file's, nor a target's in a config or a ledger."""
    evil = "a\x1b]0;owned\x07b"
    (tmp_path / f"{evil}.yaml").write_text("")
    for command in (
        ("validate", f"{evil}.yaml"),
        ("validate", f"{evil}.yml"),
        ("explain", evil, "--ledger", made / ".flyball" / "demo.db"),
        ("pause", evil, "--reason", "x", "--ledger", made / ".flyball" / "demo.db"),
        ("ledger", "list", "--ledger", evil),
        ("demo", "--trace", evil),
    ):
        code, out = run_on_terminal(*command, cwd=tmp_path)
        assert code in (1, 2)
        assert "\x07" not in out
        assert "\x1b]" not in out


def test_another_process_may_write_while_rows_are_verified(made: Path, tmp_path: Path) -> None:
    """What is appended meanwhile is no fault."""
    config = made / ".flyball" / "demo.yaml"
    program = start("run", "--config", config, "--interval", "0.05s", "--for", "4s", cwd=tmp_path)
    wait_for((tmp_path / ".flyball" / "ledger.db").exists, "the ledger")
    codes = set()
    while program.poll() is None:
        code, out, err = run("ledger", "verify", cwd=tmp_path)
        codes.add((code, err, "fault" in out))
    finish(program)
    assert codes == {(0, "", False)}
