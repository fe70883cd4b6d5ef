"""What may a file look like, as JSON Schema for editors and other programs?"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from flyball.config.fields import Strict
from flyball.config.models import Flyball
from flyball.config.seen import ScenarioSettings
from flyball.config.shape import describe_shape
from flyball.core.model import History

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """Leaves out what only Python knows: that an absent key is None."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        if schema.get("default", ...) is None or "default_factory" in schema:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def get_title_from_name(self, name: str) -> str:
        return name


def schema() -> Schema:
    """Give the JSON Schema (draft 2020-12) of flyball.yaml, as plain JSON material."""
    made = _generate(Flyball, "flyball.schema.json", "flyball.yaml")
    made["patternProperties"] = {"^x-": {"description": "Yours, for anchors."}}
    return made


def scenario_schema() -> Schema:
    """Give the JSON Schema (draft 2020-12) of a scenario, as plain JSON material."""
    made = _generate(ScenarioSettings, "scenario.schema.json", "A scenario for flyball decide")
    history = made["properties"]["history"]
    said = {key: history[key] for key in ("title", "description", "examples")}
    made["properties"]["history"] = {**describe_shape(History), **said}
    return made


def render(made: Schema) -> str:
    """Write a schema as it is checked in."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _generate(model: type[Strict], name: str, title: str) -> Schema:
    made = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    head = {"$schema": DIALECT, "$id": name, "title": title}
    return {**head, **{key: value for key, value in made.items() if key != "title"}}
