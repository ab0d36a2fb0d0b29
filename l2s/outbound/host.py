"""Asks the running server, over its unix socket."""

from __future__ import annotations

from typing import Any

import aiohttp

from l2s.errors import StartError


async def ask(socket: str, verb: str, args: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """(status, answer) of a host's verb."""
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(socket),
                timeout=aiohttp.ClientTimeout(total=600, sock_connect=10),
                trust_env=False,
            ) as client,
            client.post(f"http://host/{verb}", json=args) as response,
        ):
            return response.status, await response.json()
    except (OSError, aiohttp.ClientError) as problem:
        raise StartError(f"The running server does not answer ({type(problem).__name__}). Is it stopping?") from None
