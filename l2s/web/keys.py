"""Typed keys of the application."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from l2s.actions.signins import Device
from l2s.domain.people import Actor
from l2s.web.assets import Assets
from l2s.web.live import Live
from l2s.web.pages import Pages
from l2s.web.urls import Urls
from l2s.web.watch import Watch

LIVE: Final = web.AppKey("live", Live)
URLS: Final = web.AppKey("urls", Urls)
ASSETS: Final = web.AppKey("assets", Assets)
WATCH: Final = web.AppKey("watch", Watch)
PAGES: Final = web.AppKey("pages", Pages)

ACTOR: Final = web.RequestKey("actor", Actor)
OPEN: Final = web.RequestKey("open", int)  # privacy questions that wait for this user
SESSION: Final = web.RequestKey("session", str)
DEVICE: Final = web.RequestKey("device", Device)
