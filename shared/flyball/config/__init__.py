"""What did the author of flyball.yaml ask for, and is it valid?

    from flyball import config

    flyball = config.load("flyball.yaml")          # Config, or ConfigError with every problem
    config.lint(flyball, now)                      # tuple[Problem, ...], all of severity warning
    config.compile_config(flyball)                 # tuple[Compiled, ...]: id, canonical JSON, hash
    config.schema()                                # JSON Schema of flyball.yaml, as plain JSON
    config.scenario.read("scenario.yaml")          # Scenario(scalable_target, observation, …)
    config.scenario.reads(text, "<stdin>")         # the same of text

The runtime loads only what `compile_config` gives, by `codec.parse(ScalableTarget, text)`, and
imports none of this: pydantic and ruamel.yaml are loaded here and nowhere else.
"""

from flyball.config import scenario
from flyball.config.lint import lint
from flyball.config.load import Compiled, Config, compile_config, compile_target, load, loads
from flyball.config.problem import ConfigError, Problem, Severity
from flyball.config.scenario import Scenario
from flyball.config.schema import scenario_schema, schema

__all__ = [
    "Compiled",
    "Config",
    "ConfigError",
    "Problem",
    "Scenario",
    "Severity",
    "compile_config",
    "compile_target",
    "lint",
    "load",
    "loads",
    "scenario",
    "scenario_schema",
    "schema",
]
