"""Every route. The names are stable: other software relies on them."""

from __future__ import annotations

from aiohttp.typedefs import Handler

from l2s.web import (
    auditing,
    cabinet,
    desk,
    disclosing,
    doors,
    erasures,
    factors,
    holding,
    incidents,
    particulars,
    privacy,
    public,
    questions,
    receipt,
    record,
    sockets,
    versions,
)

Route = tuple[str, str, Handler]


def routes() -> list[Route]:
    """(method, path, handler)."""
    return [
        *_promises(),
        *_cabinet(),
        ("GET", "/", public.front),
        ("GET", "/l2s.js", public.loader),
        ("GET", "/outside.js", public.outside),
        ("GET", "/now/{site}.js", public.now),
        ("GET", "/assets/{name:.+}", public.asset),
        ("GET", "/chat/{site}", public.chat),
        ("GET", "/ws/visitor", sockets.visitor),
        ("GET", "/ws/console", sockets.console),
        ("GET", "/help", public.manual),
        ("GET", "/healthz", public.healthz),
        ("GET", "/readyz", public.readyz),
        ("GET", "/login", doors.login_page),
        ("POST", "/login", doors.login),
        ("POST", "/logout", doors.logout),
        ("GET", "/link/{secret}", doors.link_page),
        ("POST", "/link/{secret}", doors.link),
        ("GET", "/console", desk.console),
        ("GET", "/console/chat/{chat}", desk.console),
        ("GET", "/console/users", desk.users_page),
        ("POST", "/console/users", desk.users),
        ("GET", "/console/account", particulars.page),
        ("POST", "/console/account", particulars.act),
        ("GET", "/console/sites", desk.sites_page),
        ("POST", "/console/sites", desk.site_new),
        ("GET", "/console/sites/{site}", desk.site_page),
        ("GET", "/console/sites/{site}/state", desk.site_state),
        ("POST", "/console/sites/{site}", desk.site_change),
        ("GET", "/console/sessions", desk.sessions_page),
        ("POST", "/console/sessions", desk.sessions),
        ("GET", "/console/factor", factors.page),
        ("POST", "/console/factor", factors.act),
    ]


def _promises() -> list[Route]:
    """Notices, their versions, and the editor of what they say."""
    return [
        ("GET", "/privacy", public.notice),
        ("GET", "/privacy/{site}", public.notice),
        ("GET", "/privacy/capture.json", versions.capture_json),
        ("GET", "/privacy/versions", versions.all_versions),
        ("GET", "/privacy/versions/{n}.json", versions.version_json),
        ("GET", "/privacy/versions/{n}", versions.one_version),
        ("GET", "/privacy/{site}/capture.json", versions.capture_json),
        ("GET", "/privacy/{site}/versions", versions.all_versions),
        ("GET", "/privacy/{site}/versions/{n}.json", versions.version_json),
        ("GET", "/privacy/{site}/versions/{n}", versions.one_version),
        ("GET", "/console/privacy", privacy.index),
    ]


def _cabinet() -> list[Route]:
    """The editor with the drawers beside it: those of the account first, so that no scope is named like one; and receipts."""
    return [
        ("GET", "/receipt/{code}.json", receipt.as_json),
        ("GET", "/receipt/{code}", receipt.page),
        ("GET", "/console/privacy/questions", questions.page),
        ("POST", "/console/privacy/questions", questions.act),
        ("GET", "/console/privacy/holds", holding.page),
        ("POST", "/console/privacy/holds", holding.act),
        ("GET", "/console/privacy/left", disclosing.page),
        ("POST", "/console/privacy/left", disclosing.act),
        ("GET", "/console/privacy/incidents", incidents.page),
        ("POST", "/console/privacy/incidents", incidents.act),
        ("GET", "/console/privacy/audit", auditing.page),
        ("POST", "/console/privacy/audit", auditing.act),
        ("GET", "/console/privacy/record", record.page),
        ("GET", "/console/privacy/record.csv", record.as_csv),
        ("GET", "/console/privacy/{scope}", privacy.page),
        ("POST", "/console/privacy/{scope}", privacy.act),
        ("POST", "/console/privacy/{scope}/preview", privacy.live),
        ("GET", "/console/privacy/{scope}/versions", cabinet.versions),
        ("GET", "/console/privacy/{scope}/erasure", erasures.page),
        ("POST", "/console/privacy/{scope}/erasure", erasures.act),
    ]
