"""Makes l2s/static/shared/protocol.d.ts from the Structs' JSON Schema, so that a renamed field breaks the scripts' type check.

Run as `python tests/js/frames_types.py` to write the file; a test holds it fresh.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from l2s.protocol.schema import wire

TARGET = Path(__file__).parents[2] / "l2s/static/shared/protocol.d.ts"
HEAD = "// The wire, made from l2s/protocol by tests/js/frames_types.py. Never served, never edited.\n"
UNIONS = {
    ("visitor", "commands"): "VisitorCommand",
    ("visitor", "frames"): "VisitorFrame",
    ("console", "commands"): "UserCommand",
    ("console", "frames"): "UserFrame",
}
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def rendered() -> str:
    """The whole file: every Struct once, then the four unions."""
    types: dict[str, str] = {}
    unions: list[str] = []
    for (audience, kind), name in UNIONS.items():
        schema = wire()[audience][kind]
        optional = kind == "commands"
        for struct, definition in schema["$defs"].items():
            text = _struct(definition, optional)
            if types.setdefault(struct, text) != text:
                raise ValueError(f"two different types are called {struct}")
        unions.append(f"export type {name} =\n  | " + "\n  | ".join(sorted(_ref(each) for each in schema["anyOf"])) + ";\n")
    lines = [f"export interface {name} {text}\n" for name, text in sorted(types.items())]
    return "\n".join([HEAD, *lines, *unions])


def _struct(definition: dict[str, Any], optional: bool) -> str:
    """Fields of one Struct. In a command a field with a default may be left out; in a frame it is always there."""
    required = definition.get("required", [])
    fields = [
        f"  {name}{'?' if optional and name not in required else ''}: {_type(schema)};\n"
        for name, schema in definition.get("properties", {}).items()
    ]
    return "{\n" + "".join(fields) + "}"


def _ref(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[1]


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _ref(schema)
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if schema.get("type") == "array":
        inner = _type(schema["items"])
        return f"Array<{inner}>"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return PLAIN[schema["type"]]


if __name__ == "__main__":
    TARGET.write_text(rendered())
