"""What an attacker sends: malformed frames, the least form of every command, and a socket written by hand."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

from msgspec import NODEFAULT
from msgspec.structs import fields

from l2s.protocol.commands import UserCommand, VisitorCommand
from tests.personas import GUARD, Shop, new_id

MALFORMED = {
    "nothing": "",
    "no JSON": "hello",
    "half": '{"type": "send", "id": "',
    "list": "[]",
    "null": "null",
    "number": "1e999",
    "no type": "{}",
    "type is a list": '{"type": ["send"]}',
    "type is a number": '{"type": 7}',
    "unknown type": '{"type": "shout"}',
    "no fields": '{"type": "send"}',
    "id is a list": '{"type": "send", "id": ["a"], "text": "x"}',
    "id is a bool": '{"type": "send", "id": true, "text": "x"}',
    "id is null": '{"type": "send", "id": null, "text": "x"}',
    "id is a huge number": '{"type": "send", "id": 1' + "0" * 400 + ', "text": "x"}',
    "id is an object": '{"type": "send", "id": {"$ne": ""}, "text": "x"}',
    "id is empty": '{"type": "send", "id": "", "text": "x"}',
    "text is a number": '{"type": "send", "id": "0123456789abcdef", "text": 5}',
    "text is an object": '{"type": "send", "id": "0123456789abcdef", "text": {"a": 1}}',
    "mark is text": '{"type": "mark", "read": "1"}',
    "mark is below 0": '{"type": "mark", "read": -1}',
    "mark is a float": '{"type": "mark", "read": 1.5}',
    "mark is beyond 2^53": '{"type": "mark", "read": 9007199254740993}',
    "mark is NaN": '{"type": "mark", "read": NaN}',
    "on is a number": '{"type": "typing", "on": 1}',
    "lone surrogate": '{"type": "send", "id": "0123456789abcdef", "text": "\\ud800"}',
    "two commands": '{"type": "ping"}{"type": "ping"}',
    "two lines": '{"type": "ping"}\n{"type": "ping"}',
    "deep list": "[" * 30_000,
    "deep object": '{"type": "send", "id": "0123456789abcdef", "text": ' + '{"a": ' * 3000 + "1" + "}" * 3001,
    "many keys": '{"type": "send", ' + ", ".join(f'"k{i}": 1' for i in range(4000)) + "}",
    "prototype": '{"type": "send", "id": "0123456789abcdef", "text": "x", "__proto__": {"role": "owner"}}',
}


def minimal(command: type) -> dict[str, Any]:
    """The least that decodes."""
    values: dict[str, Any] = {"protocol": 1, "on": True, "before": 9, "page": "https://larch.example/", "text": "x"}
    needed = {field.name: values.get(field.name, new_id()) for field in fields(command) if field.default is NODEFAULT}
    return {"type": command.__struct_config__.tag, **needed}


VISITOR = [minimal(command) for command in VisitorCommand.__args__]
USER = [minimal(command) for command in UserCommand.__args__]


class Raw:
    """A socket by hand, for frames that no client library sends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def frame(self, opcode: int, body: bytes = b"", last: bool = True, length: int | None = None) -> bytes:
        """A masked frame; `length`: what it says of itself."""
        size = len(body) if length is None else length
        head = bytes([opcode | (0x80 if last else 0)])
        if size < 126:
            head += bytes([0x80 | size])
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        return head + b"\0\0\0\0" + body

    async def close_code(self) -> int | None:
        """Read until the server closes; its code, None where it just hung up."""
        code = None
        try:
            async with asyncio.timeout(GUARD):
                while head := await self.reader.read(2):
                    size = head[1] & 127
                    if size == 126:
                        size = struct.unpack(">H", await self.reader.readexactly(2))[0]
                    body = await self.reader.readexactly(size)
                    if head[0] & 15 == 8:
                        code = struct.unpack(">H", body[:2])[0]
        except ConnectionError:
            pass  # it hung up while more was on its way
        return code


async def raw_socket(shop: Shop) -> Raw:
    """A visitor's socket, upgraded by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.urls.port)
    key = base64.b64encode(b"0123456789abcdef").decode()
    lines = ["GET /ws/visitor HTTP/1.1", f"Host: 127.0.0.1:{shop.urls.port}", f"Origin: {shop.base}", "Upgrade: websocket"]
    lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), GUARD)
    assert b" 101 " in answer
    return Raw(reader, writer)
