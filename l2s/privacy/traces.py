"""What a witness sends, and what of it may be found by the public declaration: exactly the declared level, nothing finer.

Pure: `level` and `expected` go by capture.json's rules alone and asks nothing of the server that it judges.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Final

import msgspec

from l2s.privacy.classes import finest, reduce
from l2s.privacy.policy import MEMORY, Choice, Declaration, permits, rule_of
from l2s.privacy.search import address_forms, canary, forms


class Trace(msgspec.Struct, frozen=True):
    """One thing that is sent. `words`: (what in it is looked for, the least level at which it may lie); `never`: it is of this
    class and kept at no level."""

    cls: str
    name: str
    sent: str
    words: tuple[tuple[str, int], ...]
    never: bool = False


def loopback(seed: str) -> str:
    """An address of 127.0.0.0/8 that nobody else comes from."""
    return "127." + _octets(f"{seed} address")


def _octets(seed: str) -> str:
    """Three parts of an address: three digits each, so that no shorter number can be taken for them."""
    return ".".join(str(100 + byte % 155) for byte in hashlib.sha256(seed.encode()).digest()[:3])


def traces(seed: str, origin: str, address: str) -> dict[str, Trace]:
    """Everything that one visitor sends, by name. `address` "": where it comes from is not known."""
    found = {}
    for name, (cls, text, levels) in _SENT.items():
        made = {word: canary(f"{seed} {name} {word}") for word in levels}
        words = tuple((made[word], level) for word, level in levels.items())
        whole = text.format(origin=origin, seed=seed[:16], **made)
        found[name] = Trace(cls, name, whole, words, all(level == _NEVER for level in levels.values()))
    forwarded = "198." + _octets(f"{seed} forwarded")
    found["forwarded address"] = Trace("address", "forwarded address", forwarded, _of_address(forwarded), True)
    if address:
        found["address"] = Trace("address", "address", address, _of_address(address))
    return found


_NEVER: Final = 99
_URL: Final = "https://{host}.example/tents/{path}?q={query}#{part}"
_IN_URL: Final = {"host": 2, "path": 1, "query": _NEVER, "part": _NEVER}
_SAID: Final = "l2s prove: no answer is needed. {word}"
_SENT: Final = {
    "user agent": ("browser", "Mozilla/5.0 (X11; Linux x86_64) {word}/9 Firefox/150.0", {"word": 2}),
    "client hint": ("browser", '"{word}";v="9"', {"word": _NEVER}),
    "languages": ("browser", "en,{word};q=0.5", {"word": _NEVER}),
    "cookie": ("device_token", "seen={word}", {"word": _NEVER}),
    "token": ("device_token", "{word}_{seed}", {"word": _NEVER}),
    "referring header": ("referrer", "{origin}/{path}?q={query}", {"path": _NEVER, "query": _NEVER}),
    "page": ("page", _URL, _IN_URL),
    "referrer": ("referrer", _URL, _IN_URL),
    "name": ("name", "Prove {word}", {"word": 1}),
    "mail": ("mail", "{word}@prove.example", {"word": 1}),
    "letter": ("message", _SAID, {"word": 1}),
    "message": ("message", _SAID, {"word": 1}),
    "statement": ("message", _SAID, {"word": 1}),
}  # name → class, text, and at which level each of its canaries may lie: not by the server's own `reduce`, which is judged


def _of_address(address: str) -> tuple[tuple[str, int], ...]:
    return ((address, 3), (address.rpartition(".")[0] + ".", 2))


def needles(word: str) -> set[bytes]:
    """What the bytes are searched for. A prefix of an address has no canary's form."""
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return {word.encode(), word.encode("utf-16-le")} if "." in word else forms(word)
    return address_forms(word)


def level(trace: Trace, rules: Declaration, choice: Choice) -> int:
    """The finest level at which it may lie, 0 = not at all."""
    rule = rule_of(rules, trace.cls)
    return rule.level if not trace.never and rule.keep != MEMORY and permits(rule, choice) else 0


def expected(trace: Trace, rules: Declaration, choice: Choice) -> str | None:
    """As what it may be shown, None = not at all. A hashed address has its form, not its value: the key is the server's."""
    most = level(trace, rules, choice)
    value = finest(trace.sent, trace.cls)
    kept = None if value is None else reduce(value, trace.cls, most, b"")
    return None if kept is None else str(kept)
