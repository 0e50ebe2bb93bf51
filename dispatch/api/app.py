"""The page and its API, as one ASGI application."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from arrays.report import program
from dispatch.api import account, events, health, journal, people, session
from dispatch.api.access import ANYONE, cookie_name, stated
from dispatch.api.alerts import alert_routes
from dispatch.api.built import Built
from dispatch.api.clips import clip_routes
from dispatch.api.decide import decision_routes
from dispatch.api.description import Api
from dispatch.api.dpia import dpia_routes
from dispatch.api.drills import drill_routes
from dispatch.api.figures import figure_routes
from dispatch.api.ground import ground_routes
from dispatch.api.guard import HOSTS, Guard
from dispatch.api.handover import handover_routes
from dispatch.api.heard import heard_routes
from dispatch.api.labels import label_routes
from dispatch.api.nodes import node_routes
from dispatch.api.problems import answer_problems
from dispatch.api.public import preview_routes, public_routes
from dispatch.api.replays import replay_routes
from dispatch.api.reporting import report_routes
from dispatch.api.rollouts import rollout_routes
from dispatch.api.running import running_routes
from dispatch.api.search import search_routes
from dispatch.api.site import site_routes
from dispatch.centre import Centre
from dispatch.people.door import Door

CONSOLE = Path(__file__).resolve().parents[1] / "console" / "dist"
NO_CONSOLE = "<!doctype html><title>Tocsin</title><p>The page is not built yet: run <code>make install</code>.</p>"


def page_app(centre: Centre, console: Path = CONSOLE, *, hosts: Collection[str] = HOSTS, tls: bool = False) -> Guard:
    """Everything that the page's port answers, to requests for one of these host names."""
    app = api(centre, tls=tls)
    if (console / "index.html").is_file():
        app.mount("/", Built(directory=console, html=True))
    else:
        app.add_api_route("/", lambda: HTMLResponse(NO_CONSOLE), include_in_schema=False)
    return Guard(app, hosts, tls=tls)


def api(centre: Centre, *, tls: bool) -> FastAPI:
    """The API alone. Raises LookupError where a route does not say who may call it."""
    app = Api(title="Tocsin", version=program().rpartition(" ")[2], docs_url=None, redoc_url=None, openapi_url=None)
    app.state.door = Door(centre.store, lambda: centre.now_ms)
    app.state.cookie = cookie_name(centre.authority.fingerprint, tls=tls)
    app.state.now_ms = lambda: centre.now_ms
    app.state.provider = None if centre.settings.login is None else centre.settings.login.label
    answer_problems(app)
    app.include_router(session.router)
    app.include_router(account.router)
    app.include_router(search_routes(centre))
    for router in (events.routes(centre), people.routes(centre), journal.routes(centre), health.routes(centre)):
        app.include_router(router)
    app.include_router(heard_routes(centre))
    app.include_router(ground_routes(centre))
    app.include_router(alert_routes(centre))
    app.include_router(decision_routes(centre))
    app.include_router(clip_routes(centre))
    app.include_router(label_routes(centre))
    app.include_router(rollout_routes(centre))
    app.include_router(figure_routes(centre))
    app.include_router(handover_routes(centre))
    app.include_router(report_routes(centre))
    if centre.settings.login is not None:
        from dispatch.api.provider import provider_routes  # here: few centres need what it stands on

        app.include_router(provider_routes(centre.settings.login))
    for more in (node_routes, running_routes, drill_routes, replay_routes, site_routes, dpia_routes, preview_routes):
        app.include_router(more(centre))
    if centre.settings.public:
        app.include_router(public_routes(centre))
    app.add_api_route("/api/openapi.json", app.openapi, include_in_schema=False, dependencies=[ANYONE])
    app.state.rights = stated(app.routes)
    return app
