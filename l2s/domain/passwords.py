"""What a password must be (NIST SP 800-63B-4): length and a blocklist, no composition rules, no truncation."""

from __future__ import annotations

import unicodedata
from typing import Final

from l2s.errors import BadInput

SHORTEST: Final = 15  # without a second factor
LONGEST: Final = 256  # bounds the hashing work; well over the 64 that must be allowed

_COMMON: Final = frozenset((
    "123456789012345", "1234567890123456", "111111111111111", "000000000000000", "qwertyuiopasdfgh",
    "qwertyuiopasdfghjkl", "passwordpassword", "password12345678", "passw0rdpassw0rd", "iloveyouiloveyou",
    "letmeinletmeinletmein", "adminadminadmin", "administrator1234", "welcomewelcome1", "changemechangeme",
    "abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz", "correcthorsebatterystaple", "correct_horse_battery_staple",
    "thequickbrownfox", "qwerty1234567890", "1q2w3e4r5t6y7u8i", "1qaz2wsx3edc4rfv", "zaq12wsxcde34rfv",
    "qazwsxedcrfvtgb", "asdfghjklasdfghjkl", "livesupportlivesupport",
))  # fmt: skip


def normalise(password: str) -> str:
    """NFC, so that the same keys give the same bytes on every system."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *names: str) -> str:
    """The normalised password, or BadInput naming what is wrong. `names`: mail, own name and site, which it must not be."""
    password = normalise(password)
    if len(password) < SHORTEST:
        raise BadInput("password_short", least=SHORTEST)
    if len(password) > LONGEST:
        raise BadInput("password_long", most=LONGEST)
    plain = "".join(password.casefold().split())
    if plain in _COMMON or len(set(plain)) < 5:
        raise BadInput("password_common")
    for name in names:
        bare = "".join(name.casefold().split())
        if len(bare) >= 4 and bare in plain and len(plain) - len(bare) < 8:
            raise BadInput("password_personal")
    return password
