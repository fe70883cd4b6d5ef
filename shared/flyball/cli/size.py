"""How many instances does a model need, by a load test of one of them?"""

from __future__ import annotations

from pathlib import Path

import typer

from flyball.cli import dials
from flyball.cli.benches import Files
from flyball.cli.deployment import Region
from flyball.cli.failure import FOUND
from flyball.cli.measures import Measuring, check_measuring, test_fleet
from flyball.cli.options import Json
from flyball.cli.pages import Overwrite, check_files, check_pages
from flyball.cli.policies import Named, Policies, check_policies, make_policies
from flyball.cli.ramps import take_users
from flyball.cli.sized import draw_sized, say_sized, say_sized_json, size_all
from flyball.cli.sources import Sources, find_sources
from flyball.cli.trials import Ordering, Window
from flyball.cli.wishes import Asked, Load, read_wanted


def size(
    files: dials.Paths = None,
    machine: dials.Machines = None,
    instance_type: dials.InstanceType = "",
    cores: dials.Cores = None,
    gpus: dials.Gpus = None,
    price: dials.Prices = None,
    column: dials.Columns = None,
    unit: dials.Units = None,
    settle: dials.Settle = None,
    recommender: dials.Recommender = None,
    start: dials.Start = None,
    order: dials.Orders = None,
    again: dials.Again = False,
    from_: dials.From = None,
    endpoint: dials.Endpoint = None,
    variant: dials.Variant = None,
    since: dials.Since = None,
    until: dials.Until = None,
    region: Region = None,
    objective: dials.Objective = None,
    latency: dials.Latency = None,
    least: dials.Least = None,
    most: dials.Most = None,
    growth: dials.Growth = 1.0,
    shape: dials.Shape = None,
    users_per_minute: dials.UsersPerMinute = None,
    requests_per_user: dials.RequestsPerUser = None,
    trace: dials.Trace = None,
    at_least: dials.AtLeast = None,
    lead_time: dials.LeadTime = None,
    resource: dials.ResourceName = None,
    quota: dials.Quota = None,
    evaluate: dials.Evaluate = False,
    measured: dials.Measured = None,
    measured_instances: dials.Served = None,
    in_force: dials.InForce = None,
    write: dials.Write = None,
    home: dials.Home = None,
    address: dials.Address = None,
    id_: dials.Name = None,
    adaptive: dials.Adaptive = False,
    time_zone: dials.TimeZone = "UTC",
    plot: dials.Plot = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Say how much one instance carries, how much of that may be used, and how many are needed.

    --evaluate tries policies of it, --write keeps them, --measured reads how the fleet did.
    """
    load = Load(least, most, growth, shape, users_per_minute, requests_per_user, trace)
    asked = Asked(objective, latency, load, at_least, lead_time, resource, home)
    read = Files(files or [], machine or [], instance_type, column or [], unit or [], settle)
    ordering = Ordering(recommender, start, order or [], again, region)
    window = Window(from_, endpoint, variant, since, until, region)
    sources = Sources(read, ordering, window, (cores, gpus, price), bool(measured))
    named = Named(home, address, id_, endpoint, variant)
    made = Policies(write, evaluate, quota, named, adaptive, time_zone)
    _run(sources, asked, made, (measured, measured_instances, in_force), (plot, overwrite, json))


def _run(
    sources: Sources,
    asked: Asked,
    made: Policies,
    fleet: tuple[list[str] | None, float | None, Path | None],
    shown: tuple[Path | None, bool, bool],
) -> None:
    measured, instances, in_force = fleet
    plot, overwrite, json = shown
    check_pages(None, plot, overwrite=overwrite)
    check_files({"--write": made.path}, overwrite=overwrite)
    wanted = read_wanted(asked)
    is_past = sources.window.service is not None
    check_policies(made, wanted, is_measured=bool(measured), is_past=is_past)
    region = sources.ordering.region
    tests = Measuring(measured or [], instances, in_force, sources.files, region)
    check_measuring(tests, wanted)
    wanted, given = take_users(wanted, find_sources(sources, wanted))
    found = size_all(given, wanted)
    tested = test_fleet(tests, found, wanted, made, sources.numbers)
    policies = make_policies(found, wanted, made, tested)
    draw_sized(found, wanted, policies, plot)
    if json:
        say_sized_json(found, wanted, policies, tested)
    else:
        say_sized(found, wanted, policies, tested)
    if policies is not None and policies.evaluation is not None and not policies.evaluation.holds:
        raise typer.Exit(FOUND)
    if tested is not None and not tested.holds:
        raise typer.Exit(FOUND)
