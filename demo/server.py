"""The web application: Gradio's page, the visitors' files, uploads, the live camera."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from demo.account import Account
from demo.app_context import AppContext, open_app_context
from demo.assets import read_asset
from demo.limits import Limits
from demo.live_socket import add_live_socket
from demo.page import build_page, make_theme
from demo.request_filter import OWNER, RequestFilter
from demo.results import DOWNLOADS, VIDEO
from demo.rules import LOOPBACK, UPLOAD, address_of
from demo.scratch import without_folders
from demo.uploads import LOST, Uploads
from demo.visitors import Visitors
from streamer.core.errors import MerError

_LOOK_S = 10.0  # between two looks for pages and uploads that are to go
_GONE = "This file is not here (any more). Reload the page."


def create_app(
    limits: Limits | None = None,
    hosts: Collection[str] | None = LOOPBACK,
    account: Account | None = None,
) -> ASGIApp:
    """The whole application, for an ASGI server; shutting it down deletes all temporary files.

    hosts: names under which the page may be asked for; None: any. account: who may; None: all.
    """
    return serve_app(open_app_context(limits), hosts, account)


def serve_app(
    context: AppContext, hosts: Collection[str] | None = LOOPBACK, account: Account | None = None
) -> ASGIApp:
    """The application of an open context."""
    # Gradio reads these when the page is built. Its folder for files stays empty: none is taken.
    os.environ["GRADIO_TEMP_DIR"] = str(context.visitors.root / "gradio")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    logging.getLogger("httpx").setLevel(logging.WARNING)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(_look_after(context))
        yield
        looking.cancel()
        context.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_files(app, context.visitors)
    _add_upload(app, context.uploads)
    add_live_socket(app, context.visitors)
    page = build_page(context)
    page.queue(api_open=False)
    gr.mount_gradio_app(app, page, path="", **_mounted(context.limits))
    # Mounted, a page is never "launched", and Gradio then takes any path of the machine for an
    # upload. The request filter lets no path through; this is the second lock.
    page.has_launched = True
    return RequestFilter(app, context.limits, hosts, context.visitors.sessions, account)


async def _look_after(context: AppContext) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        await asyncio.to_thread(context.visitors.forget_the_idle)
        await asyncio.to_thread(context.uploads.forget_the_unclaimed)


def _add_files(app: FastAPI, visitors: Visitors) -> None:
    """Files of a visitor, for the visitor's browser, which also has to know the token."""

    @app.get("/visit/{token}/{result}/{file}")
    def visit(request: Request, token: str, result: str, file: str, download: int = 0) -> Response:
        visitor = visitors.by_token(token)
        if visitor is None or not visitor.owner or visitor.owner != request.scope.get(OWNER):
            return PlainTextResponse(_GONE, 404)
        if result not in visitor.results or file not in DOWNLOADS:
            return PlainTextResponse(_GONE, 404)
        path = visitor.folder / result / file
        if not path.is_file():
            return PlainTextResponse(_GONE, 404)
        inline = file == VIDEO and not download
        return FileResponse(
            path, filename=None if inline else file, headers={"Cache-Control": "no-store"}
        )


def _add_upload(app: FastAPI, uploads: Uploads) -> None:
    """The one way for a file into this machine: the body of a request is the file."""

    @app.post(UPLOAD)
    async def upload(request: Request, name: str = "") -> Response:
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return JSONResponse({"detail": LOST}, 411)
        owner, address = request.scope[OWNER], address_of(request.scope)

        read = _body_reader(request)
        try:
            sent = await uploads.receive(owner, address, name, int(length), read)
        except MerError as error:
            return JSONResponse(
                {"detail": without_folders(str(error))}, 400, headers={"connection": "close"}
            )
        return JSONResponse({"id": sent})


def _body_reader(request: Request) -> Callable[[], Awaitable[bytes]]:
    """Gives the parts of a body one by one, then nothing; nothing too where the browser left."""
    more = True

    async def read() -> bytes:
        nonlocal more
        part = b""
        while more and not part:
            message = await request.receive()
            part = message.get("body", b"")
            more = message.get("more_body", False)
        return part

    return read


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
