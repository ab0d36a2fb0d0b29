"""Walks through every screen and state: each brings a real server and real browsers into one state after another.

`python -m tests.shots` pictures and measures what they yield; tests/browser/test_accessible.py lets axe look at it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from playwright.async_api import Page

from l2s.actions import people, policies, signins, sites
from l2s.actions.sites import checked_site
from l2s.clock import RealIds
from l2s.config import Settings
from l2s.domain.people import HOST
from l2s.privacy.factory import PRESETS
from l2s.privacy.policy import OFF
from l2s.web.app import opened
from l2s.web.server import listening
from tests.browser.conftest import open_panel
from tests.mine_screens import mine
from tests.personas import User
from tests.screens_account import account
from tests.screens_cabinet import cabinet
from tests.stage import NEVER, Screen, Stage

Walk = Callable[[Stage], AsyncIterator[Screen]]
LONG_NAME: Final = "Wilhelmina-Alexandra van Oudshoorn-Wolfeschlegelstein"


async def doors(on: Stage) -> AsyncIterator[Screen]:
    """First start, sign-in, links, notices, the manual, an error."""
    engine, page = on.shop.house.engine, await on.person()
    settings = Settings(data=str(on.folder / "fresh"), port=0)
    live = await on.stack.enter_async_context(opened(settings, None, RealIds()))
    urls = await on.stack.enter_async_context(listening(live, settings))
    secret = await live.house.engine.write(sites.first_link(live.house))
    await page.goto(f"http://127.0.0.1:{urls.port}/link/{secret}")
    yield Screen("owner", page, full=True)
    on.forgiven = re.compile("status of 4")
    await page.get_by_label("Your name").fill("Maja Lindqvist")
    await page.get_by_label("Mail address").fill("maja@larch-and-rook.example")
    await page.get_by_label("Password").fill("too short")
    await page.get_by_role("button", name="Create").click()
    await page.locator(".problem").wait_for()
    yield Screen("owner-error", page, full=True)
    await page.goto(f"{on.chat}/login")
    yield Screen("login", page, full=True)
    await page.get_by_label("Mail address").fill("tom.okafor@larch-and-rook.example")
    await page.get_by_label("Password").fill("not the right one")
    await page.get_by_role("button", name="Sign in").click()
    await page.locator(".problem").wait_for()
    await page.locator("summary").click()
    yield Screen("login-error", page, full=True)
    made = await engine.write(
        people.invite(on.shop.house, HOST, on.shop.made.account, "tom@larch.example", "Tom Okafor", "operator")
    )
    await page.goto(f"{on.chat}/link/{made}")
    yield Screen("link-invite", page, full=True)
    await page.goto(f"{on.chat}/link/gone")
    yield Screen("error", page, full=True)
    site = f"/privacy/{on.shop.site}"
    for name, path in {
        "notice-site": site,
        "notice-server": "/privacy",
        "notice-de": f"{site}?lang=de",
        "manual": "/help",
    }.items():
        await page.goto(on.chat + path)
        yield Screen(name, page, full=True)
    german = await on.person(locale="de-DE")
    await german.goto(f"{on.chat}/login")
    yield Screen("login-de", german, full=True)


async def admin(on: Stage) -> AsyncIterator[Screen]:
    """Users, sites and one's own sessions, as the owner sees them."""
    shop = on.shop
    await shop.add_user("Tom Okafor".replace(" ", "."))
    gone = await shop.add_user("Priya")
    maja = await shop.sign_in(shop.made.owner)
    page = await on.desk(shop.made.owner, "/console/sites")
    yield Screen("site-waiting", page, full=True)
    await shop.http.get(f"{shop.base}/l2s.js?site={shop.site}", headers={"Referer": "https://shop-staging.example/"})
    await page.reload()
    await page.locator(".refused").wait_for()
    yield Screen("site-refused", page, full=True)
    await shop.house.engine.write(sites.seen(shop.house, shop.site))
    await page.reload()
    await page.locator(".light.seen").wait_for()
    for one in await page.locator("main summary").all():
        await one.click()
    yield Screen("site-seen", page, full=True)
    on.forgiven = re.compile("status of 4")
    await page.get_by_label("Where the tag may stand").fill("not an origin")
    await page.get_by_role("button", name="Save").click()
    await page.locator(".problem").wait_for()
    yield Screen("site-error", page, full=True)
    await page.goto(f"{on.chat}/console/sites?new=1")
    yield Screen("sites", page, full=True)
    await page.goto(f"{on.chat}/console/users")
    key = (await shop.house.engine.read(lambda sql: signins.session_of(shop.house, maja.split("=", 1)[1], sql)))[0]  # type: ignore[index]
    await shop.house.engine.write(people.change_user(shop.house, key, gone, disable=True))
    await page.get_by_label("Name").fill(LONG_NAME)
    await page.get_by_label("Mail address").fill("wilhelmina-alexandra@larch-and-rook.example")
    await page.get_by_role("button", name="Make an invitation link").click()
    await page.locator(".slip").wait_for()
    yield Screen("users", page, full=True)
    await page.goto(f"{on.chat}/console/sessions")
    yield Screen("sessions", page, full=True)
    await page.get_by_label("Your password again").fill("not it")
    await page.get_by_role("button", name="Save the password").click()
    await page.locator(".problem").wait_for()
    await page.locator(".me summary").click()
    yield Screen("sessions-error", page)
    german = await on.desk(shop.made.owner, "/console/users", locale="de-DE")
    yield Screen("users-de", german, full=True)


async def away(on: Stage) -> AsyncIterator[Screen]:
    """The visitor's side while nobody is there."""
    page = await on.person()
    await page.goto(f"{on.street}/tents")
    await page.locator("l2s-widget button").first.wait_for()
    yield Screen("widget-away", page)
    panel = await open_panel(page)
    yield Screen("form", page)
    await panel.get_by_label("Your message").fill(
        "Hello, I bought the two-person Fjellhyttetelt in May and one pole section has split."
    )
    await panel.get_by_label("Mail address").fill("ingrid.fjeldstad-maclean@")
    await panel.get_by_role("button", name="Leave the message").click()
    await panel.locator("[data-field=mail] .problem").wait_for()
    yield Screen("form-error", page)
    await panel.get_by_label("Mail address").fill("ingrid.fjeldstad-maclean@example.org")
    await panel.get_by_role("button", name="Leave the message").click()
    await panel.get_by_text("We have your message").wait_for()
    yield Screen("receipt", page)
    german = await on.person(locale="de-DE")
    await german.goto(f"{on.street}/de")
    await open_panel(german)
    yield Screen("form-de", german)


def state(panel: Any, word: str) -> Any:
    """The state under the visitor's last bubble."""
    return panel.locator(".msg[data-side=mine] .state", has_text=word).last


async def widget(on: Stage) -> AsyncIterator[Screen]:
    """A chat as the visitor sees it, in every state of a message."""
    tom, maja = await on.shop.operator("Tom"), await on.shop.console(on.shop.made.owner)
    page = await on.person()
    await page.goto(f"{on.street}/tents")
    await page.locator("l2s-widget button").first.wait_for()
    yield Screen("widget-here", page)
    panel = await open_panel(page)
    yield Screen("greeting", page)
    field_ = panel.get_by_role("textbox")

    async def write(text: str) -> None:
        await field_.fill(text)
        await field_.press("Enter")

    await write("Can I change the brake pads myself?")
    await state(panel, "Sent").wait_for()
    yield Screen("chat-sent", page)
    chat = (await tom.hear("chat"))["chat"]["id"]
    await tom.say("take", chat=chat)
    await tom.reply(chat, "Yes. Pads are due: the Scheibenbremsbelagverschleißanzeige is gone.")
    await tom.reply(chat, "https://larch-and-rook.example/manuals/skarvan-40-changing-disc-pads-at-home.pdf")
    await tom.say("typing", chat=chat, on=True)
    await panel.locator(".typing").wait_for()
    yield Screen("chat-typing", page)
    await tom.say("typing", chat=chat, on=False)
    await write("I have a torque key.")
    seq = (await tom.hear("message", lambda frame: "torque" in str(frame)))["message"]["seq"]
    await tom.say("mark", chat=chat, delivered=seq)
    await state(panel, "Delivered").wait_for()
    yield Screen("chat-delivered", page)
    await tom.say("mark", chat=chat, delivered=seq, read=seq)
    await state(panel, "Read").wait_for()
    await panel.get_by_role("button", name="More").click()
    await panel.locator(".menu").wait_for()
    yield Screen("chat-read-menu", page)
    await panel.get_by_role("button", name="End the chat").click()
    await panel.get_by_role("button", name="Keep chatting").wait_for()
    yield Screen("chat-ask-end", page)
    await panel.get_by_role("button", name="Keep chatting").click()
    await write("I could come Thursday after 16:00.\0")
    await state(panel, "Not sent").wait_for()
    yield Screen("chat-failed", page)
    on.cut()
    await panel.locator(".banner").wait_for()
    await write("Or Friday morning")
    await state(panel, "Waiting").wait_for()
    yield Screen("chat-cut", page)
    await on.heal(page)
    # the widget may have come back by itself meanwhile: then the button is gone, and nothing is to be pressed
    await panel.locator("[data-slot=remedy]").evaluate("button => button.checkVisibility() && button.click()")
    await state(panel, "Sent").wait_for()
    on.forgiven = NEVER
    tom = await on.shop.console(tom.id)
    await panel.get_by_role("button", name="Close").click()
    await tom.reply(chat, "Friday at ten is free.")
    await page.locator("l2s-widget b:not([hidden])").wait_for()
    yield Screen("widget-unread", page)
    await tom.say("end", chat=chat)
    await page.locator("l2s-widget button").first.click()
    await panel.locator(".told", has_text="closed the chat").wait_for()
    yield Screen("chat-closed", page)
    hosted = await on.person(locale="de-DE")
    await hosted.goto(f"{on.chat}/chat/{on.shop.site}")
    await hosted.locator("[data-view=greeting], [data-view=form]").wait_for()
    yield Screen("hosted-de", hosted)
    await hosted.locator("textarea").first.fill("Passt der Gepäckträger an das Skarvan 40?")
    await hosted.keyboard.press("Enter")
    await state(hosted, "Gesendet").wait_for()
    yield Screen("hosted-chat-de", hosted)
    await maja.close()


async def console(on: Stage) -> AsyncIterator[Screen]:
    """The operator's console, from nobody waiting to a cut connection."""
    shop = on.shop
    page = await on.desk(shop.made.owner)
    await page.get_by_role("heading", name="Nobody is waiting").wait_for()
    yield Screen("console-empty", page)
    tom = await shop.operator("Tom.Okafor")
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    where = f"{on.street}/bikes/skarvan-40"
    texts = [
        "Hi! The back brake on my Skarvan squeals since the rain on Sunday, and the lever nearly touches the bar.",
        "Is the two-person tent in stock in Kendal?", "I ordered the large panniers but the small ones came. What now?",
        "Do you mend poles? Scheibenbremsbelagverschleißanzeigenhalterungsbefestigungsschraube",
    ]  # fmt: skip
    chats = [await shop.writer(texts[0], page=where, headers=agent)]
    left = await shop.visitor(headers=agent)
    await left.enter()
    await left.say("leave", id="leave-" + "0123456789abcdef", text="One pole split.", mail="w@example.org", name=LONG_NAME)
    chats += [await shop.writer(text, page=where, headers=agent) for text in texts[1:]]
    (ingrid, first), (_, other), *_ = chats
    await page.locator("[data-group=waiting] .row").nth(3).wait_for()
    yield Screen("console-waiting", page)
    await tom.say("take", chat=other)
    await page.locator(f"[data-chat='{first}'] [data-act=show]").click()
    await page.locator(".gate").wait_for()
    yield Screen("console-gate", page)
    async for screen in conversation(on, page, tom, (ingrid, first)):
        yield screen
    await page.goto(f"{on.chat}/console/chat/{other}")
    await page.get_by_role("button", name="Join").wait_for()
    yield Screen("console-join", page)
    async for screen in dialogs(on, page, first):
        yield screen
    await page.goto(f"{on.chat}/console/chat/{chats[2][1]}")
    await page.locator(".gate").wait_for()
    await page.keyboard.press("t")
    await page.locator("l2s-composer textarea").fill("I am sorry. The large ones go out today.")
    on.cut()
    await page.get_by_text("Connecting again").wait_for()
    await page.keyboard.press("Enter")
    await page.locator(".state", has_text="Waiting").wait_for()
    yield Screen("console-cut", page)


async def conversation(on: Stage, page: Page, tom: User, chat: tuple[Any, str]) -> AsyncIterator[Screen]:
    """One chat that Maja took: text, note, states, the composer in both modes, the card."""
    ingrid, first = chat
    await page.keyboard.press("t")
    composer = page.locator("l2s-composer textarea")
    await composer.wait_for()
    await tom.say("note", chat=first, id="note-0123456789abcdef", text="Same batch as the two that came back. I will book it.")
    await page.locator(".note").wait_for()
    await composer.fill("Thank you, that helps. The wear mark is gone, so the pads are due.")
    await composer.press("Enter")
    seq = (await ingrid.hear("message", lambda frame: "pads" in str(frame)))["message"]["seq"]
    await ingrid.say("mark", delivered=seq, read=seq)
    await page.locator(".state", has_text="Read").wait_for()
    await ingrid.write("Can I change them myself? The paper manual speaks of a Scheibenbremsbelagverschleißanzeige.")
    await ingrid.say("typing", on=True)
    await page.locator(".typists", has_text="typing").wait_for()
    yield Screen("console-chat", page)
    await page.get_by_role("tab", name="Note").click()
    await composer.fill("Serial is LR-2291. Tom, can you check it against the October list?")
    yield Screen("console-note", page)
    await composer.fill("")
    await page.get_by_role("tab", name="Message").click()
    await page.set_viewport_size({"width": 1000, "height": 800})
    await page.get_by_role("button", name="Visitor card").click()
    yield Screen("console-card", page)
    await page.goto(f"{on.chat}/console")
    await page.locator("[data-group=left] [data-act=fold]").first.click()
    await page.locator(".me summary").click()
    yield Screen("console-me", page)
    await page.keyboard.press("Escape")


async def dialogs(on: Stage, page: Page, first: str) -> AsyncIterator[Screen]:
    """Whatever asks before it acts, and the list of closed chats."""
    await page.get_by_role("button", name="Join").click()
    yield Screen("console-ask-join", page)
    await page.keyboard.press("Escape")
    await page.goto(f"{on.chat}/console/chat/{first}")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.get_by_role("button", name="Erase").click()
    yield Screen("console-ask-erase", page)
    await page.keyboard.press("Escape")
    await page.locator("[data-slot=box]").focus()
    await page.keyboard.press("?")
    yield Screen("console-keys", page)
    await page.keyboard.press("Escape")
    await page.locator("[data-slot=box]").focus()
    await page.keyboard.press("e")
    yield Screen("console-ask-close", page)
    await page.get_by_role("dialog").get_by_role("button", name="Close chat").click()
    await page.locator("[data-slot=closedFold]").click()
    await page.locator("[data-group=closed] .row").wait_for()
    yield Screen("console-closed", page)
    await page.goto(f"{on.chat}/console/chat/{first}")
    await page.locator(".gate").wait_for()
    yield Screen("console-closed-chat", page)
    await page.goto(f"{on.chat}/console/chat/not-here")
    await page.get_by_role("heading", name="This chat is not here").wait_for()
    yield Screen("console-missing", page)
    german = await on.desk(on.shop.made.owner, locale="de-DE")
    await german.locator("[data-group=waiting] .row").first.wait_for()
    yield Screen("console-de", german)


async def privacy(on: Stage) -> AsyncIterator[Screen]:
    """The editor of what is kept, from being set up to a version that waits, and what everybody reads of it."""
    site = f"/console/privacy/{on.shop.site}"
    page = await on.desk(on.shop.made.owner, site)
    yield Screen("privacy-new", page, full=True)
    await on.shop.writer("Hello", referrer="https://search.example/x")
    await page.reload()
    await page.locator(".every > summary").click()
    await page.locator("[data-class=mail] .whys > summary").click()
    on.forgiven = re.compile("status of 400")
    await page.locator("[name='mail.why'][value=answer]").uncheck()
    await page.locator("[name='mail.why'][value=run]").uncheck()
    await page.get_by_label("English").fill("We water the plants. " * 30)
    await page.get_by_role("button", name="Show what changes").click()
    await page.locator("[id='p-mail.why']").wait_for()
    yield Screen("privacy-error", page, full=True)
    await page.goto(on.chat + site)
    await page.get_by_role("button", name="Fill in Shop").click()
    await page.locator(".every > summary").click()
    await page.locator("[data-class=rating] label", has_text="None").click()
    await page.get_by_label("English").fill("We also water the plants.")
    await page.locator(".every > summary").click()
    await page.get_by_text("notice adds").wait_for()
    yield Screen("privacy-shop", page, full=True)
    await page.get_by_role("button", name="Show what changes").click()
    yield Screen("privacy-review", page, full=True)
    await page.get_by_role("button", name="Post all").click()
    await page.get_by_text("Day 0 of 15").wait_for()
    await page.locator(".chooser > summary").click()
    yield Screen("privacy-posted", page, full=True)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Take back").click()
    yield Screen("privacy-take-back", page, full=True)
    new = checked_site(LONG_NAME, ["tents.example"], "Larch & Rook Ltd", "privacy@larch.example")
    cookie = (await page.context.cookies())[0]["value"]  # type: ignore[index]
    key = (await on.shop.house.engine.read(lambda sql: signins.session_of(on.shop.house, cookie, sql)))[0]  # type: ignore[index]
    await on.shop.house.engine.write(sites.add_site(on.shop.house, key, new))
    await page.goto(f"{on.chat}/console/privacy")
    yield Screen("privacy-list", page)


async def promises(on: Stage) -> AsyncIterator[Screen]:
    """What everybody reads of a version that waits; the server's own declaration."""
    await on.shop.writer("Hello")
    draft = PRESETS["shop"] | {"rating": OFF}
    said = {"en": "We also water the plants.", "de": "Wir gießen auch die Pflanzen."}
    await on.shop.house.engine.write(policies.post_version(on.shop.house, on.shop.site, draft, said))
    page = await on.desk(on.shop.made.owner, "/console/privacy/server")
    yield Screen("privacy-server", page, full=True)
    public = f"/privacy/{on.shop.site}"
    for name, path in {
        "notice-coming": public, "versions": f"{public}/versions",
        "version": f"{public}/versions/2", "version-de": f"{public}/versions/2?lang=de",
    }.items():  # fmt: skip
        await page.goto(on.chat + path)
        yield Screen(name, page, full=True)
    german = await on.desk(on.shop.made.owner, f"/console{public}", locale="de-DE")
    await german.locator(".every > summary").click()
    yield Screen("privacy-de", german, full=True)


WALKS: Final[dict[str, Walk]] = {
    "doors": doors, "admin": admin, "privacy": privacy, "promises": promises,
    "away": away, "widget": widget, "mine": mine, "console": console, "cabinet": cabinet,
    "account": account,
}  # fmt: skip
