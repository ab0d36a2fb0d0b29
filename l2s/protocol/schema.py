"""The wire as JSON Schema, made from the types, so that others can write clients (`l2s protocol`)."""

from __future__ import annotations

from typing import Any

import msgspec

from l2s.protocol import PROTOCOL
from l2s.protocol.commands import UserCommand, VisitorCommand
from l2s.protocol.frames import UserFrame, VisitorFrame


def wire() -> dict[str, Any]:
    """Commands and frames of both audiences, each union with its own definitions."""
    return {
        "protocol": PROTOCOL,
        "visitor": {"socket": "/ws/visitor", "commands": _schema(VisitorCommand), "frames": _schema(VisitorFrame)},
        "console": {"socket": "/ws/console", "commands": _schema(UserCommand), "frames": _schema(UserFrame)},
    }


def _schema(union: Any) -> dict[str, Any]:
    (schema,), definitions = msgspec.json.schema_components([union], ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}
