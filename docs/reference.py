"""What may be written in flyball.yaml and at the command line? This writes both pages.

    python docs/reference.py            write docs/config.md and docs/commands.md

Both are made from what the program itself accepts, the JSON Schema and the command line, so that
they cannot say something else; a test compares them with what this would write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

# A scalable target may have every key that `defaults` may have.
SHARED, TARGET = "Settings", "TargetSettings"

CONFIG_INTRODUCTION = """\
# flyball.yaml, key by key

<!-- Written by docs/reference.py from the JSON Schema; `make reference` writes it again. -->

A heading says where its keys stand: `scalable_targets[]` is an item of the list
`scalable_targets`, and what follows it stands in one. A key in **bold** is required. Keys that
are not listed are errors, named with their line and the nearest key that there is;
`flyball validate FILE` shows all errors at once.
"""

COMMANDS_INTRODUCTION = """\
# Commands

<!-- Written by docs/reference.py from the command line; `make reference` writes it again. -->

`flyball COMMAND --help` says the same in the terminal.
"""


def config_page(schema: Schema) -> str:
    """Describe every key that a schema allows, by where it stands."""
    parts = [CONFIG_INTRODUCTION]
    parts += [_config_section(schema, places, name) for places, name in _places(schema)]
    return "\n".join(parts)


def commands_page(root: Any) -> str:
    """Describe every command below the root command, as made by typer, in its own order."""
    parts = [COMMANDS_INTRODUCTION]
    parts += [_command_section(name, command) for name, command in walk(root, "flyball")]
    return "\n".join(parts)


def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its whole name; a group may do so itself."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    if command.invoke_without_command and command.params and " " in name:
        yield name, command
    for word, each in inner.items():
        yield from walk(each, f"{name} {word}")


# --- flyball.yaml -------------------------------------------------------------


def _places(schema: Schema) -> Iterator[tuple[list[str], str]]:
    """Yield each definition with the places where a file may have it: ours first, outside in."""
    places: dict[str, list[str]] = {"": []}
    waiting = [("", "")]
    while waiting:
        place, name = waiting.pop(0)
        for inside, inner in _children(schema, place, name):
            if inner not in places:
                waiting.append((inside, inner))
            known = places.setdefault(inner, [])
            if inside not in known:
                known.append(inside)
    yield from sorted(
        ((known, name) for name, known in places.items()), key=lambda each: _is_aws(each[1])
    )


def _children(schema: Schema, place: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield where the definitions inside one stand; below a scalable target, from there."""
    if name == SHARED:
        return
    outside = "" if name == TARGET or not place else f"{place}."
    for key, value in _definition(schema, name).get("properties", {}).items():
        for suffix, inner in _references(value):
            yield f"{outside}{key}{suffix}", inner


def _is_aws(name: str) -> bool:
    return name.startswith("Aws")


def _definition(schema: Schema, name: str) -> Schema:
    found: Schema = schema["$defs"][name] if name else schema
    return found


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the definitions that a key's value may have, with `[]` for each list around them."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield "", str(value["$ref"]).rsplit("/", maxsplit=1)[-1]
        for each in (*value.get("anyOf", ()), *value.get("oneOf", ()), *value.get("allOf", ())):
            yield from _references(each)
        for suffix, name in _references(value.get("items")):
            yield "[]" + suffix, name


def _config_section(schema: Schema, places: list[str], name: str) -> str:
    definition = _definition(schema, name)
    properties: Schema = definition.get("properties", {})
    kind = properties.get("kind", {}).get("const")
    where = ", ".join(f"`{place}`" for place in places) or "The file"
    heading = f"## {where} of kind `{kind}`" if kind else f"## {where}"
    if _is_aws(name):
        heading = f"## AWS: {name.removeprefix('Aws')}\n\nStands at {where}."
    shared = _shared_keys(schema, name)
    text = definition.get("description", "")
    lines = [heading, "", text, ""]
    if shared:
        lines += ["Every key of `defaults`, and:", ""]
    lines += ["| key | meaning | example |", "|---|---|---|"]
    required = set(definition.get("required", ()))
    for key, value in properties.items():
        if key not in shared:
            lines.append(_key_row(key, value, required=key in required))
    return "\n".join([*lines, ""])


def _shared_keys(schema: Schema, name: str) -> set[str]:
    """Give the keys that a scalable target has because `defaults` has them."""
    return set(schema["$defs"][SHARED]["properties"]) if name == TARGET else set()


def _key_row(key: str, value: Schema, *, required: bool) -> str:
    meaning = value.get("description", "")
    choices = _choices(value)
    if "const" in value:
        meaning += f" Always `{_plain(value['const'])}`."
    if choices:
        meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    default = value.get("default")
    if default not in (None, [], {}) and "Default:" not in meaning:
        meaning += f" Default: `{_plain(default)}`."
    examples = value.get("examples") or [None]
    example = "" if examples[0] is None else f"`{_plain(examples[0])}`"
    name = f"**`{key}`**" if required else f"`{key}`"
    return f"| {name} | {_cell(meaning)} | {_cell(example)} |"


def _choices(value: Schema) -> list[str]:
    """List the words that a key may have, if it may have only certain words."""
    if "enum" in value:
        return [_plain(each) for each in value["enum"]]
    return [choice for each in value.get("anyOf", ()) for choice in _choices(each)]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- the command line ---------------------------------------------------------


def _command_section(name: str, command: Any) -> str:
    lines = [f"## `{name}`", "", *_paragraphs(command.help or ""), ""]
    rows = [_parameter_row(each) for each in command.params if not getattr(each, "hidden", False)]
    if rows:
        lines += ["| | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _paragraphs(text: str) -> list[str]:
    """Take a command's help; what stands after a form feed is for programmers."""
    return [line.strip() for line in text.partition("\f")[0].strip().splitlines()]


def _parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
    meaning = str(getattr(parameter, "help", None) or "")
    default = parameter.default
    if parameter.required:
        meaning += " Required."
    elif isinstance(default, str | int | float) and not isinstance(default, bool) and default != "":
        meaning += f" Default: `{default}`."
    return f"| {names} | {_cell(meaning)} |"


def write(root: Path) -> list[Path]:
    """Write both pages; the libraries that this needs are loaded only here."""
    import typer  # noqa: PLC0415

    from flyball.cli.main import app  # noqa: PLC0415
    from flyball.config.schema import schema  # noqa: PLC0415

    pages = {
        root / "docs" / "config.md": config_page(schema()),
        root / "docs" / "commands.md": commands_page(typer.main.get_command(app)),
    }
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return list(pages)


if __name__ == "__main__":
    for written in write(Path(__file__).resolve().parent.parent):
        print(written)
    sys.exit(0)
