"""The web server: Gradio's page, the visitors' files, the live camera."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from demo.assets import read_asset
from demo.guard import LOOPBACK, Guard
from demo.limits import Limits
from demo.live_socket import add_live_socket
from demo.page import build_page
from demo.results import DOWNLOADS, VIDEO
from demo.site import open_site
from demo.theme import make_theme
from demo.visitors import Visitors

_IDLE_LOOK_S = 60.0
_GONE = "This file is not here (any more). Reload the page."


def create_app(limits: Limits | None = None, hosts: Collection[str] | None = LOOPBACK) -> ASGIApp:
    """The whole application, for an ASGI server; shutting it down deletes all temporary files.

    hosts: names under which the page may be asked for; None: any.
    """
    site = open_site(limits)
    # Gradio reads these when the page is built.
    os.environ["GRADIO_TEMP_DIR"] = str(site.visitors.upload_folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    logging.getLogger("httpx").setLevel(logging.WARNING)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(_look_for_the_idle(site.visitors))
        yield
        looking.cancel()
        site.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_files(app, site.visitors)
    add_live_socket(app, site.visitors)
    page = build_page(site)
    page.queue(api_open=False)
    gr.mount_gradio_app(app, page, path="", **_mounted(site.limits))
    return Guard(app, site.limits, hosts)


async def _look_for_the_idle(visitors: Visitors) -> None:
    while True:
        await asyncio.sleep(_IDLE_LOOK_S)
        await asyncio.to_thread(visitors.forget_the_idle)


def _add_files(app: FastAPI, visitors: Visitors) -> None:
    """Files of a visitor, for those who have the visitor's token."""

    @app.get("/visit/{token}/{result}/{file}")
    def visit(token: str, result: str, file: str, download: int = 0) -> Response:
        visitor = visitors.by_token(token)
        if visitor is None or result not in visitor.results or file not in DOWNLOADS:
            return PlainTextResponse(_GONE, 404)
        path = visitor.folder / result / file
        if not path.is_file():
            return PlainTextResponse(_GONE, 404)
        inline = file == VIDEO and not download
        return FileResponse(
            path, filename=None if inline else file, headers={"Cache-Control": "no-store"}
        )


def _mounted(limits: Limits) -> dict[str, Any]:
    return {
        "css": read_asset("page.css"),
        "theme": make_theme(),
        "max_file_size": limits.upload_mb * 10**6,
        "allowed_paths": [],
        "show_error": False,
        "ssr_mode": False,
        "footer_links": [],
        "pwa": False,
        "mcp_server": False,
        "enable_monitoring": False,
    }
