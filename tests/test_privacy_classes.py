"""Coarsening: one law for every chain, stored forms that tell their level, and nothing of a header in a family's name."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from l2s.privacy.classes import (
    CHAINS,
    DAY_MS,
    PAGE_MAX,
    SITE_CLASSES,
    chain,
    family,
    finest,
    level_of,
    reduce,
    shown,
    truncated,
)

Stored = str | int | None
KEY = b"the key of one day"
CANARY = "qzxjkvbwqzxjkvbw"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {
    FIREFOX: "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36": "Chrome on Windows",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0": "Edge on Windows",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 OPR/120.0": "Opera on Linux",
    "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0 Mobile": "Samsung Internet on Android",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/141.0 Safari/537.36": "Chrome on macOS",
    "Mozilla/5.0 (X11; CrOS x86_64 16093) Chrome/141.0 Safari/537.36": "Chrome on ChromeOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) CriOS/141.0 Safari/604.1": "Chrome on iPad",
    "Mozilla/5.0 (compatible; Googlebot/2.1)": "A bot",
    "curl/8.5": "A browser",
}


def at(stored: Stored, cls: str, level: int) -> Stored:
    """`reduce`, with nothing staying nothing."""
    return None if stored is None else reduce(stored, cls, level, KEY)


def check_the_law(raw: str | int, cls: str) -> None:
    """reduce(reduce(x, a), b) == reduce(x, min(a, b)) for all levels, and each form tells its own."""
    stored = finest(raw, cls)
    levels = range(len(chain(cls)))
    for a in levels:
        once = at(stored, cls, a)
        assert once is None or level_of(once, cls) <= a
        assert (once is None) == (stored is None or a == 0)
        for b in levels:
            assert at(once, cls, b) == at(stored, cls, min(a, b)), (stored, a, b)


RULES = settings(derandomize=True, max_examples=80, database=None, deadline=None)
V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)
ADDRESSES = V4 | V6 | V4.map("::ffff:{}".format) | V6.map(str.upper)


@RULES
@given(ADDRESSES)
def test_an_address_obeys_the_law_and_tells_its_level(raw: str) -> None:
    check_the_law(raw, "address")
    stored = finest(raw, "address")
    assert isinstance(stored, str)
    assert [level_of(form, "address") for level in (1, 2, 3) if (form := at(stored, "address", level))] == [1, 2, 3]


@RULES
@given(V4, V6)
def test_a_truncated_address_is_the_network_and_a_hash_says_nothing_of_it(v4: str, v6: str) -> None:
    for raw, width in ((v4, 24), (v6, 48)):
        plain = ipaddress.ip_address(finest(raw, "address") or "")
        width = 24 if plain.version == 4 else width
        network = at(str(plain), "address", 2)
        assert network == truncated(str(plain))
        assert ipaddress.ip_network(str(network)).prefixlen == width
        assert plain in ipaddress.ip_network(str(network))
        hashed = str(at(str(plain), "address", 1))
        assert hashed.startswith("h:")
        assert len(hashed) == 18
        assert hashed == reduce(str(network), "address", 1, KEY)
        assert hashed != reduce(str(plain), "address", 1, b"the key of another day")


@RULES
@given(st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,4}){2,4}\n?\Z"))
def test_only_what_is_an_address_passes_as_one(raw: str) -> None:
    try:
        expected = str(ipaddress.ip_address(raw))
    except ValueError:
        assert finest(raw, "address") is None
        with pytest.raises(ValueError, match="does not appear"):
            truncated(raw)
    else:
        assert finest(raw, "address") == expected
        assert truncated(raw) == str(ipaddress.ip_network((raw, 24), strict=False))


def test_an_address_written_as_ipv6_is_the_same_ipv4_address() -> None:
    assert finest("::ffff:203.0.113.7", "address") == finest("203.0.113.7", "address") == "203.0.113.7"
    assert at("203.0.113.7", "address", 2) == "203.0.113.0/24"
    assert at("2001:db8:1:2::3", "address", 2) == "2001:db8:1::/48"


@pytest.mark.parametrize(
    "raw",
    ["", "unknown", "203.0.113", "203.0.113.256", "203.0.113.7:443", "203.0.113.0/24", "h:0123456789abcdef", "[::1]", "::g",
     "1", " 203.0.113.7", "203.0.113.7\n", "0x7f.1", "010.0.0.1", "_hidden", f"203.0.113.7, {CANARY}", "\udcff", "１.2.3.4"],
)  # fmt: skip
def test_what_is_no_address_gives_none(raw: str) -> None:
    assert finest(raw, "address") is None


@RULES
@given(V6.map(lambda address: f"{address}%{CANARY}"))
@example(f"fe80::%{CANARY}")
def test_a_zone_never_survives_truncation(raw: str) -> None:
    for level in (1, 2):
        assert CANARY not in str(at(finest(raw, "address"), "address", level))


MARKUP = st.sampled_from([*AGENTS, "<b>", "\"'&", "Firefox", "Chrome on Linux", "Mac OS X", "ua:", "/", CANARY])
AGENT = st.lists(MARKUP | st.text(max_size=8), min_size=1, max_size=6).map(" ".join).filter(bool)


@RULES
@given(AGENT)
def test_a_user_agent_tells_its_level(raw: str) -> None:
    assert [level_of(form, "browser") for level in (1, 2) if (form := at(finest(raw, "browser"), "browser", level))] == [1, 2]


@pytest.mark.parametrize("raw", AGENTS)
def test_a_user_agent_obeys_the_law(raw: str) -> None:
    assert at(finest(raw, "browser"), "browser", 1) == AGENTS[raw]
    check_the_law(raw, "browser")


@RULES
@given(AGENT)
def test_any_user_agent_obeys_the_law(raw: str) -> None:
    check_the_law(raw, "browser")


@RULES
@given(st.text(alphabet=CANARY + " /<>;()", max_size=40), st.sampled_from(list(AGENTS)), st.text(max_size=20))
def test_a_family_never_passes_a_byte_of_the_header_through(before: str, agent: str, after: str) -> None:
    raw = f"{before}{CANARY}{agent}<{CANARY}>{after}"
    known = {f"{b} on {s}" for b in BROWSERS for s in SYSTEMS} | set(BROWSERS) | {"A bot"}
    assert CANARY in raw
    assert family(raw) in known
    assert at(finest(raw, "browser"), "browser", 1) in known


BROWSERS = ("Edge", "Opera", "Samsung Internet", "Firefox", "Chrome", "Safari", "A browser")
SYSTEMS = ("iPhone", "iPad", "Android", "ChromeOS", "Windows", "macOS", "Linux")


def test_a_user_agent_is_cut_before_anything_looks_at_it_and_shown_without_its_mark() -> None:
    stored = finest("x" * 10_000, "browser")
    assert isinstance(stored, str)
    assert shown(stored, "browser") == "x" * 256
    assert finest("", "browser") is None


SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="?#\t\r\n"), max_size=6)
PATH = st.lists(SEGMENT | st.sampled_from(["", "..", "a b", "@", ":80", "[", "[::1]", "%3Fq", ";s=1"]), max_size=5).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
HOST = st.sampled_from(["shop.example", "SHOP.example:8443", "203.0.113.7", "[2001:db8::1]", "münchen.example", ""])
SCHEME = st.sampled_from(["https", "http", "HTTPS", "file"])


@RULES
@given(SCHEME, HOST, PATH)
@example("https", "shop.example", "//cart")
@example("https", "shop.example", "//[")
def test_a_page_obeys_the_law(scheme: str, host: str, path: str) -> None:
    check_the_law(f"{scheme}://{host}{path}", "page")
    check_the_law(f"{scheme}://{host}{path}", "referrer")


@RULES
@given(SCHEME, HOST, PATH, st.sampled_from(["?q={}", "#{}", "?{}", "/?a=1&b={}#c", "#?{}", "?#{}", "??{}/x"]))
def test_query_and_fragment_never_survive(scheme: str, host: str, path: str, tail: str) -> None:
    raw = f"{scheme}://{host}{path}{tail.format(CANARY)}"
    assert CANARY in raw
    for level in (1, 2):
        assert CANARY not in str(at(finest(raw, "page"), "page", level))


@pytest.mark.parametrize(
    "raw",
    [
        f"https://{CANARY}@shop.example/a",
        f"https://alice:{CANARY}@shop.example/a",
        f"https://alice:{CANARY}@[2001:db8::1]:8443/a",
        f"https://a@{CANARY}@shop.example/a",
        f"https:alice:{CANARY}@shop.example/a",
        f"https:/alice:{CANARY}@shop.example/a",
        f"https://{CANARY}{'x' * 4096}@shop.example/a",
    ],
    ids=["user", "password", "ipv6", "two", "no slashes", "one slash", "longer than the cut"],
)
def test_user_and_password_of_a_page_never_survive(raw: str) -> None:
    for level in (1, 2):
        assert CANARY not in str(at(finest(raw, "page"), "page", level))


def test_a_page_at_its_levels() -> None:
    stored = finest("https://alice:secret@Shop.example:8443/cart/1?id=7#pay", "page")
    assert stored == "https://shop.example/cart/1"
    assert at(stored, "page", 1) == "/cart/1"
    assert at(finest("https://shop.example?id=7", "page"), "page", 1) == "/"
    assert len(str(finest("https://shop.example/" + "a" * 2000, "page"))) == PAGE_MAX


@pytest.mark.parametrize(
    "raw",
    ["", "cart", "/cart", "about:blank", "javascript:alert(1)", "data:text/html,x", "ftp://shop.example/a", "https://[x/a",
     "https://shop.example/\x00", "https://shop.example/a\nb", "https://a]b/c", "ua:x"],
)  # fmt: skip
def test_what_is_no_page_gives_none(raw: str) -> None:
    assert finest(raw, "page") is None


@RULES
@given(st.integers(0, 2**42))
@example(0)
@example(DAY_MS)
@example(DAY_MS - 1)
def test_a_time_obeys_the_law(raw: int) -> None:
    check_the_law(raw, "times")
    assert at(raw, "times", 1) == raw // DAY_MS * DAY_MS
    assert at(raw, "times", 2) == raw


@RULES
@given(st.text(max_size=20), st.sampled_from([cls for cls in SITE_CLASSES if cls not in CHAINS] + ["place"]))
def test_a_class_without_a_chain_is_kept_whole_or_not_at_all(raw: str, cls: str) -> None:
    check_the_law(raw, cls)
    assert (at(raw, cls, 0), at(raw, cls, 1)) == (None, raw)


@pytest.mark.parametrize("cls", CHAINS)
def test_nothing_is_left_at_level_none(cls: str) -> None:
    raw: dict[str, str | int] = {"address": "203.0.113.7", "browser": FIREFOX, "place": "DE", "times": 1_790_000_000_000}
    stored = finest(raw.get(cls, "https://a.example/b"), cls)
    assert stored is not None
    assert level_of(stored, cls) == len(CHAINS[cls]) - 1
    assert at(stored, cls, 0) is None


@pytest.mark.parametrize(
    ("cls", "raw"),
    [("browser", "Mozilla \udcff"), ("page", "https://shop.example/\udcff"), ("page", "https://\udcff.example/")],
)
def test_a_header_that_is_not_utf8_gives_none_or_text_that_can_be_written(cls: str, raw: str) -> None:
    for level in (1, 2):
        str(at(finest(raw, cls), cls, level)).encode()
