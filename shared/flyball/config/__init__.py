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
