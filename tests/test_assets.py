"""What is served under /assets/: joined in order, five rules, stripped without harm, small enough."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from l2s.errors import StartError
from l2s.web import joining
from l2s.web.assets import Assets, client_words, compressed, launcher_words

FILES = {
    "a/entry.js": (
        "import { two } from '../b/two.js';\nimport { one } from '../b/one.js';\n"
        "const mine = one + two;\nexport const sum = mine;\n"
    ),
    "b/two.js": "import { one } from './one.js';\nconst mine = 1;\nexport const two = one + mine;\n",
    "b/one.js": "export const one = 1;\nexport function unused() {\n  const a = 1;\n\n  return a;\n}\nexport const kept = 3;\n",
}


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


def body(assets: Assets, name: str) -> str:
    found = assets.get(assets.url(name))
    assert found is not None, name
    return found.body.decode()


def catalogue(language: str) -> dict[str, object]:
    text = (resources.files("l2s.texts") / language / "widget.json").read_text("utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def loader(assets: Assets, **config: object) -> bytes:
    words = {language: launcher_words(catalogue(language)) for language in ("en", "de")}
    people = ["Maja Lindqvist", "Tom Oberwiesinger", "Siobhán Ní Dhomhnaill"]
    common = {
        "site": "x" * 22,
        "name": "Larch & Rook",
        "colour": "",
        "availability": "here",
        "people": people,
        "language": "en",
    }
    return assets.loader({**common, "words": words, **config})


def run(script: str) -> str:
    node = shutil.which("node")
    assert node, "node is part of the tool chain"
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# Joining.


def test_imports_come_first_depth_first() -> None:
    assert joining.order(FILES, "a/entry.js") == ["b/one.js", "b/two.js", "a/entry.js"]


def test_the_joined_script_does_what_the_modules_do() -> None:
    script = joining.joined(FILES, "a/entry.js")
    assert run(re.sub(r"export\{sum\};", "console.log(sum)", script)) == "3"


def test_private_names_may_repeat_and_dead_exports_are_left_out() -> None:
    script = joining.joined(FILES, "a/entry.js")
    assert script.count("const mine") == 2
    assert "=(()=>{" in script, "the module whose private name is another's too is a closure"
    assert "unused" not in script
    assert "kept" not in script


def test_a_part_fetched_later_takes_from_the_joined_script_what_that_holds() -> None:
    files = {
        "w/panel.js": "import { one } from '../b/one.js';\nexport const go = () => import('./late.js').then(x => x.late);\n",
        "w/late.js": "import { one } from '../b/one.js';\nimport { own } from './own.js';\nexport const late = one + own;\n",
        "w/own.js": "export const own = 1;\n",
        "b/one.js": "export const one = 1;\n",
    }
    assert joining.late_parts(files, "w/panel.js") == ["w/late.js"]
    assert joining.joined(files, "w/panel.js").endswith("export{go,one};\n")
    late = joining.joined(files, "w/late.js", "w/panel.js")
    assert late.startswith("import{one}from './panel.js';")
    assert "const own=1;" in late
    assert "const one" not in late


def test_every_script_is_served_whole_and_valid(assets: Assets, tmp_path: Path) -> None:
    for name in ("widget/panel.js", "widget/outside.js", "widget/late.js", "widget/mine.js", "widget/hosted.js"):
        file = tmp_path / (name.replace("/", "-").removesuffix(".js") + ".mjs")
        file.write_text(body(assets, name))
        subprocess.run([shutil.which("node") or "node", "--check", file], check=True, timeout=20)
    file = tmp_path / "loader.js"
    file.write_bytes(loader(assets))
    subprocess.run([shutil.which("node") or "node", "--check", file], check=True, timeout=20)


def test_private_names_are_letters_and_a_text_that_looks_like_one_is_not() -> None:
    files = {
        "a.js": (
            "class One {\n  #data = 1;\n\n  #link() {\n    return `${this.#data}`;\n  }\n\n  get all() {\n"
            "    return [this.#link(), '#data', #link in this].join();\n  }\n}\n"
            "class Two {\n  #data = 2;\n\n  get all() {\n    return this.#data;\n  }\n}\n"
            "console.log(new One().all, new Two().all);\n"
        ),
    }
    script = joining.joined(files, "a.js")
    assert run(script) == "1,#data,true 2"
    assert "#a=2" in script


# The five rules.


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import { a as b } from './one.js';", "one line of named imports"),
        ("import one from './one.js';", "one line of named imports"),
        ("import {", "one line of named imports"),
        ("export default 1;", "no default"),
        ("export let x = 1;", "no default, no let"),
        ("const x = /* why */ 1;", "no code after */"),
        ("const x = `a", "no template literal over two lines"),
    ],
)
def test_a_script_that_breaks_a_rule_stops_the_start_and_names_the_line(line: str, told: str) -> None:
    with pytest.raises(StartError) as caught:
        joining.check({"b/one.js": "export const one = 1;\n", "a/x.js": f"const a = 1;\n{line}\n"})
    assert "l2s/static/a/x.js:2:" in str(caught.value)
    assert told in str(caught.value)


def test_a_circle_a_missing_file_and_a_name_twice_stop_the_start() -> None:
    circle = {
        "a.js": "import { b } from './b.js';\nexport const a = 1;\n",
        "b.js": "import { a } from './a.js';\nexport const b = 1;\n",
    }
    with pytest.raises(StartError, match="circle"):
        joining.check(circle)
    with pytest.raises(StartError, match=r"a\.js:1: there is no c\.js"):
        joining.check({"a.js": "import { c } from './c.js';\n"})
    with pytest.raises(StartError, match=r"a\.js exports one too"):
        joining.check({"a.js": "export const one = 1;\n", "b.js": "export const one = 1;\n"})


# Stripping.


def test_stripping_keeps_texts_templates_and_patterns() -> None:
    script = (
        "/** A\n * comment. */\n// another\nconst a = 'x  : // y';\nconst b = /[/ ]  ,\\/ /g;\n"
        "const c = `n ${a}  , ${1 / 2}`;\nconst d = /** @type {any} */ (a + +1);\nconst e = a\n  .at(0);\n"
        "console.log([a, b.source, c, d, e].join('|'));\n"
    )
    stripped = joining.strip(script)
    assert "comment" not in stripped
    assert run(stripped) == run(script)


def test_a_sheet_keeps_quoted_texts_and_only_the_tokens_that_are_read() -> None:
    css = (
        "/* x */\n:root {\n  --used: 1;\n  --used-not: 2;\n  --dead: 3;\n}\n"
        '.a > .b { content: "a ; b"; margin: calc(1px + var(--used)); }\n'
    )
    served = joining.needed(joining.sheet(css))
    assert served == ':root{\n--used:1;\n}\n.a>.b{content:"a ; b";margin:calc(1px + var(--used))}\n'


# Serving.


def test_addresses_hold_the_hash_of_all_and_nothing_else_is_found(assets: Assets) -> None:
    assert re.fullmatch(r"assets/[0-9a-f]{16}/widget/panel\.js", assets.url("widget/panel.js"))
    assert assets.get("/" + assets.url("widget/panel.js")) is not None
    assert assets.get(assets.url("widget/panel.js").replace(assets.hash, "0" * 16)) is None
    for name in ("shared/protocol.d.ts", "../errors.py", "shared/dom.js", "loader.js"):
        assert assets.get(assets.url(name)) is None, name
    assert Assets().hash == assets.hash


def test_the_packed_form_is_the_same_bytes_at_each_start(assets: Assets) -> None:
    found = assets.get(assets.url("widget/panel.js"))
    assert found is not None
    assert gzip.decompress(found.packed) == found.body
    assert compressed(found.body) == found.packed
    assert found.packed[4:8] == b"\0\0\0\0", "no time of making in it"


def test_development_serves_single_modules() -> None:
    dev = Assets(dev=True)
    assert dev.preloads("widget/panel.js")[-1] == "assets/dev/widget/panel.js"
    assert "import { Session } from './session.js';" in body(dev, "widget/panel.js")
    assert body(dev, "widget/panel.css") == body(Assets(), "widget/panel.css")


def test_sheets_are_joined_in_the_declared_order(assets: Assets) -> None:
    sheet = body(assets, "widget/panel.css")
    places = [sheet.index(mark) for mark in ("--brand:", ".unseen{", ".bubble{", ".composer{", ".panel{")]
    assert places == sorted(places)
    assert "--plot-1" not in sheet
    assert "--bad-fill" in sheet


def test_the_dark_list_stands_twice_and_is_the_same() -> None:
    css = (resources.files("l2s") / "static/shared/tokens.css").read_text("utf-8")
    media = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', css, re.S)
    chosen = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', css, re.S)
    assert media
    assert chosen
    assert media[1].split() == chosen[1].split()


def test_the_loader_holds_its_sheet_and_a_config_that_cannot_break_out(assets: Assets) -> None:
    script = loader(assets, name="\u2028</script>${x}'\"").decode()
    assert "L2S_" not in script
    assert "\u2028" not in script
    assert "all:initial !important" in script


def test_words_go_where_they_are_used() -> None:
    words = catalogue("en")
    assert set(launcher_words(words)) == {"title", "here", "somebody", "away", "failed", "unread"}
    assert not [key for key in client_words(words) if key.startswith(("page.", "launcher."))]


def test_budgets_in_bytes_as_served(assets: Assets) -> None:
    """DESIGN.md: 3,000 before the click; 20,000 after it, of which 2,860 are left for the document with its words."""
    assert len(compressed(loader(assets))) <= 3000
    after = [assets.get(assets.url(name)) for name in ("widget/panel.js", "widget/panel.css", "widget/outside.js")]
    assert sum(len(each.packed) for each in after if each) <= 17_140
