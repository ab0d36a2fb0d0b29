"""Who may embed: `allows` against a reading of `frame_ancestors` that is written here from the CSP specification."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from l2s.domain.origins import allows, frame_ancestors, normal_origin, origin_of
from l2s.errors import BadInput

RULES = settings(derandomize=True, max_examples=150, database=None, deadline=None)
DEFAULT = {"http": 80, "https": 443}
SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?P<host>\*|(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::(?P<port>[0-9]+|\*))?\Z"
)


class Page(NamedTuple):
    """Where an embedding page stands, as a browser knows it. `port` None: the scheme's own."""

    scheme: str
    host: str = ""
    port: int | None = None

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port is not None else "")


def scheme_matches(source: str, scheme: str) -> bool:
    return source == scheme or (source, scheme) == ("http", "https")


def host_matches(source: str, host: str) -> bool:
    return host.endswith(source[1:]) if source.startswith("*.") else source == host


def port_matches(source: str | None, page: Page) -> bool:
    if source == "*":
        return True
    if source is None:
        return page.port is None
    return int(source) == (DEFAULT[page.scheme] if page.port is None else page.port)


def csp_allows(text: str, page: Page) -> bool:
    """Does `frame-ancestors` with this source list let such a page embed? 'self' is nobody here."""
    for source in text.split():
        if source == "'self'":
            continue
        if source.endswith(":"):  # a scheme-source
            if scheme_matches(source[:-1], page.scheme):
                return True
            continue
        found = SOURCE.match(source)
        if found is None or page.scheme not in DEFAULT:  # what is no host-source is ignored
            continue
        scheme, host, port = found["scheme"], found["host"], found["port"]
        if scheme_matches(scheme or "https", page.scheme) and host_matches(host, page.host) and port_matches(port, page):
            return True
    return False


def test_the_reading_of_csp_knows_the_specifications_own_examples() -> None:
    https = Page("https", "example.com")
    for yes in ("https://example.com", "http://example.com", "https://example.com:443", "https://example.com:*"):
        assert csp_allows(yes, https), yes
    for no in ("https://*.example.com", "https://example.com:80", "https://example.com:8443", "file:", "'self'", ""):
        assert not csp_allows(no, https), no
    assert csp_allows("https://*.example.com", Page("https", "a.b.example.com"))
    assert not csp_allows("https://example.com", Page("http", "example.com"))
    assert not csp_allows("http://example.com", Page("http", "example.com", 8080))
    assert csp_allows("http://example.com:*", Page("http", "example.com", 8080))


NAMES = ["shop.example", "a.shop.example", "evilshop.example", "shop.example.evil", "example", "good.example"]
HOSTS = st.sampled_from([*NAMES, *(f"www.{name}" for name in NAMES), "localhost", "127.0.0.1", "www.localhost", "127.0.0.11"])
PORTS = st.sampled_from([None, 80, 443, 8080, 8443, 1, 65535])
ENTRIES = st.one_of(
    st.sampled_from(NAMES).filter(lambda name: "." in name),
    st.sampled_from(NAMES).map("*.{}".format),
    st.builds(
        "{}:{}".format, st.sampled_from(["shop.example", "www.shop.example", "localhost", "127.0.0.1"]), st.integers(1, 9999)
    ),
    st.builds("{}:{}".format, st.sampled_from(NAMES), st.sampled_from([80, 443, 8443])),
    st.sampled_from(["localhost", "127.0.0.1", "file:"]),
)
PAGES = st.builds(
    lambda scheme, host, port: Page(scheme, host, None if port == DEFAULT[scheme] else port),
    st.sampled_from(["http", "https"]),
    HOSTS,
    PORTS,
) | st.just(Page("file"))


@RULES
@given(st.lists(ENTRIES, max_size=4), PAGES)
@example(["shop.example"], Page("https", "www.shop.example"))
@example(["*.shop.example"], Page("https", "shop.example"))
@example(["localhost"], Page("http", "localhost", 5173))
@example(["shop.example:80"], Page("http", "shop.example"))
@example(["file:"], Page("file"))
def test_the_answer_and_the_csp_text_agree(entries: list[str], page: Page) -> None:
    kept = tuple(map(normal_origin, entries))
    assert allows(kept, page.origin) == csp_allows(frame_ancestors(kept), page)


@pytest.mark.parametrize(
    ("entry", "page"),
    [
        ("intranet", Page("https", "www.intranet")),
        ("www.de", Page("https", "www.de")),
        ("*.shop.example:8443", Page("https", "a.shop.example", 8443)),
        ("shop.example:0080", Page("http", "shop.example")),
        ("shop.example", Page("https", "shop.example", 0)),
        ("[::1]", Page("http", "[::1]", 8080)),
    ],
)
def test_the_two_agree_or_the_entry_is_refused(entry: str, page: Page) -> None:
    try:
        kept = (normal_origin(entry),)
    except BadInput:
        return
    assert allows(kept, page.origin) == csp_allows(frame_ancestors(kept), page)


GRAMMAR = {
    "shop.example": {
        "https://shop.example": True, "http://shop.example": True, "https://www.shop.example": True,
        "http://www.shop.example": True, "https://shop.example:443": True, "http://shop.example:80": True,
        "https://shop.example:8443": False, "http://shop.example:443": False, "https://a.shop.example": False,
        "https://www.www.shop.example": False, "file://": False,
    },
    "*.shop.example": {
        "https://a.shop.example": True, "http://www.shop.example": True, "https://a.b.shop.example": True,
        "https://shop.example": False, "https://a.shop.example:8443": False, "https://evilshop.example": False,
    },
    "shop.example:8443": {
        "https://shop.example:8443": True, "http://shop.example:8443": True, "https://shop.example": False,
        "https://www.shop.example:8443": False, "https://shop.example:8444": False,
    },
    "localhost": {
        "http://localhost": True, "http://localhost:5173": True, "https://localhost:8443": True,
        "http://127.0.0.1": False, "http://localhost.evil": False, "http://a.localhost": False,
    },
    "127.0.0.1": {"http://127.0.0.1:8000": True, "http://127.0.0.1": True, "http://localhost:8000": False},
    "file:": {"file://": True, "https://shop.example": False, "null": False},
}  # fmt: skip


@pytest.mark.parametrize("entry", GRAMMAR)
def test_the_grammar_means_what_the_product_says(entry: str) -> None:
    for origin, answer in GRAMMAR[entry].items():
        assert allows((normal_origin(entry),), origin) is answer, origin


@pytest.mark.parametrize("entry", [entry for entry in GRAMMAR if entry != "file:"])
def test_local_files_need_their_own_word(entry: str) -> None:
    assert not allows((entry,), "file://")
    assert not csp_allows(frame_ancestors((entry,)), Page("file"))
    assert allows((entry, "file:"), "file://")


EVIL = [
    "https://good.example.evil", "https://evilgood.example", "https://good.example.", "https://good.example.evil.example",
    "https://good-example", "https://goodXexample", "https://xwww.good.example", "https://good.example@evil.example",
    "https://good.example:443@evil.example", "https://www.good.example:8443", "ftp://good.example", "wss://good.example",
    "javascript://good.example", "data://good.example", "blob:https://good.example", "//good.example", "good.example", "null",
    "", " ", "https://", "https://:443", "https:good.example", "https://good.example:99999", "https://good.example:x", "https://[",
    "https://evil.example/good.example", "https://evil.example?good.example", "https://evil.example#good.example",
    "https://evil.example\\good.example", "https://evil.example\\@good.example", "https://gооd.example", "https://good.example%00",
    "https://good.example\x00.evil", "file://good.example", "https://*.good.example", "https://*",
]  # fmt: skip


@pytest.mark.parametrize("origin", EVIL)
def test_a_stranger_who_looks_alike_is_refused(origin: str) -> None:
    assert allows(("good.example",), "https://good.example")
    assert not allows(("good.example",), origin)


def test_nobody_is_allowed_by_an_empty_list() -> None:
    assert frame_ancestors(()) == "'self'"
    assert not any(allows((), origin) for origin in ("https://good.example", "file://", "null", "", *EVIL))


def test_an_origin_is_compared_without_regard_to_case() -> None:
    assert allows((normal_origin("Good.EXAMPLE"),), "HTTPS://GOOD.example")
    assert csp_allows(frame_ancestors((normal_origin("Good.EXAMPLE"),)), Page("https", "good.example"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Shop.Example ", "shop.example"),
        ("https://shop.example/", "shop.example"),
        ("https://www.shop.example/cart?id=1", "shop.example"),
        ("http://shop.example:8080/", "shop.example:8080"),
        ("*.shop.example", "*.shop.example"),
        ("localhost", "localhost"),
        ("FILE:", "file:"),
        ("münchen.example", "xn--mnchen-3ya.example"),
    ],
)
def test_an_entry_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert normal_origin(typed) == kept
    assert normal_origin(kept) == kept


WRONG = [
    "", " ", "*", "*.", "*.*.example", "a b.example", "shop.example;script-src *", "shop.example 'unsafe-inline'",
    "shop.example,x", "https://alice@shop.example", "alice@shop.example", "shop.example:0", "shop.example:65536",
    "shop.example:*", "shop.example:-1", "shop.example:80:80", "javascript:alert(1)", "data:,x", "ftp://shop.example",
    "shop..example", "-shop.example", "shop-.example", "a" * 64 + ".example", "a." * 130 + "example", "shop.example\nx",
    "shop.example\r\nX: y", "'self'", "'none'", "https://", "shop.example/cart", "\x00", "shop.example\x00", "https://[",
    "http://[::1", "shop.example:²", "shop.example:٣", "\udcff.example", "https://℀.example",
]  # fmt: skip


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="bad_origin"):
        normal_origin(typed)


@RULES
@given(
    st.text(max_size=20)
    | st.text("*.:/[]@-w www", max_size=12)
    | st.sampled_from(WRONG)
    | st.from_regex(r"https?://\[?[a-z:.]*")
)
def test_whatever_is_typed_is_one_safe_source_or_refused(typed: str) -> None:
    try:
        kept = normal_origin(typed)
    except BadInput:
        return
    text = frame_ancestors((kept,))
    assert text.isascii()
    assert re.fullmatch(r"'self'( (file:|https?://[a-z0-9*.:\[\]-]+))+", text), text


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://shop.example/cart?id=7#pay", "https://shop.example"),
        ("https://shop.example:8443/", "https://shop.example:8443"),
        ("https://alice:secret@shop.example/a", "https://shop.example"),
        ("https://good.example@evil.example/", "https://evil.example"),
        ("file:///home/alice/page.html", "file://"),
        ("about:blank", ""),
        ("data:text/html,x", ""),
        ("javascript:alert(1)", ""),
        ("https:///", ""),
        ("https://[", ""),
        ("null", ""),
        ("", ""),
    ],
)
def test_of_a_referer_only_the_origin_is_kept(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@RULES
@given(st.text(st.characters(), max_size=20).map("https://{}".format) | st.just("https://\udcff.example/"))
def test_an_origin_of_a_referer_can_be_counted_whatever_the_header_held(url: str) -> None:
    assert origin_of(url).encode() is not None


def test_sources_are_named_once_and_keep_their_order() -> None:
    text = frame_ancestors(("shop.example", "shop.example", "b.example:8443", "file:"))
    assert text == (
        "'self' https://shop.example http://shop.example https://www.shop.example http://www.shop.example "
        "https://b.example:8443 http://b.example:8443 file:"
    )
