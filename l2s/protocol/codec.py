"""Bytes ↔ commands and frames. Whatever the bytes are, the answer is a command or a BadInput; nothing else is raised."""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.errors import BadInput
from l2s.protocol.commands import UserCommand, VisitorCommand
from l2s.protocol.frames import Frame

_VISITOR: Final[msgspec.json.Decoder[VisitorCommand]] = msgspec.json.Decoder(VisitorCommand)
_USER: Final[msgspec.json.Decoder[UserCommand]] = msgspec.json.Decoder(UserCommand)
_ENCODER: Final = msgspec.json.Encoder()


def decode_visitor(raw: bytes) -> VisitorCommand:
    """One command of a visitor. Raises BadInput("bad_frame")."""
    try:
        return _VISITOR.decode(raw)
    except (ValueError, RecursionError) as problem:
        raise BadInput("bad_frame", problem=_told(problem)) from None


def decode_user(raw: bytes) -> UserCommand:
    """One command of a user. Raises BadInput("bad_frame")."""
    try:
        return _USER.decode(raw)
    except (ValueError, RecursionError) as problem:
        raise BadInput("bad_frame", problem=_told(problem)) from None


def _told(problem: BaseException) -> str:
    """What is wrong, without what was sent: only msgspec's own sentences are free of the value."""
    if isinstance(problem, msgspec.ValidationError):
        text = str(problem)
        return text if "Invalid value '" not in text else "Invalid value for `type`"
    return "not JSON, too deep or not UTF-8"


def encode(frame: Frame) -> bytes:
    """One frame as one line of JSON."""
    return _ENCODER.encode(frame)
