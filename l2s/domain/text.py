"""What a person may type: bounds and characters. Nothing is repaired silently; what is refused is named."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from l2s.errors import BadInput, TooLarge

_NUL: Final = "\x00"
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22,128}\Z")
_MAIL: Final = re.compile(r"[^@\s<>\"(),;:\\\[\]]{1,64}@[^@\s<>\"(),;:\\\[\]]{1,189}\.[^@\s.<>\"(),;:\\\[\]]{2,63}\Z")


def message_text(text: str, most: int) -> str:
    """The text of a message, line ends as "\\n", outer blank space gone. Raises BadInput or TooLarge."""
    if len(text) > most:
        raise TooLarge("text_too_long", most=most)
    if _NUL in text or _SURROGATES.search(text):
        raise BadInput("bad_characters")
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text or not any(unicodedata.category(c)[0] not in "CZ" for c in text):
        raise BadInput("empty_text")
    return text


def one_line(text: str, most: int, code: str) -> str:
    """A name or label: one line, no controls, no direction overrides. `code` names the field in the error."""
    text = " ".join(text.split())
    if not text or len(text) > most or _CONTROLS.search(text) or _SURROGATES.search(text):
        raise BadInput(code, most=most)
    return text


def mail_address(text: str) -> str:
    """A mail address by shape alone; the domain is lowered. Raises BadInput("bad_mail")."""
    text = text.strip()
    if not _MAIL.match(text) or _CONTROLS.search(text) or _SURROGATES.search(text) or len(text) > 254:
        raise BadInput("bad_mail")
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def client_id(text: str) -> str:
    """A client-made message id: 16–64 characters of base64url. Raises BadInput("bad_id")."""
    if not _CLIENT_ID.match(text):
        raise BadInput("bad_id")
    return text


def visitor_token(text: str) -> str:
    """A client-made token: at least 128 bits written as base64url, not repeating. Raises BadInput("bad_token")."""
    if not _TOKEN.match(text) or len(set(text)) < 10:
        raise BadInput("bad_token")
    return text
