"""The web server: Gradio's page, the visitors' files, the live camera, and what is refused."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response

from demo.assets import read_asset
from demo.explainer import Explainer
from demo.limits import Limits
from demo.live_socket import add_live_socket
from demo.page import build_page
from demo.results import DOWNLOADS
from demo.visitors import Visitors

_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "monospace"]


def create_app(limits: Limits | None = None) -> FastAPI:
    """The whole application; closing it deletes all temporary files."""
    visitors = Visitors(limits or Limits())
    explainer = Explainer()
    os.environ["GRADIO_TEMP_DIR"] = str(visitors.upload_folder)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        visitors.close()
        explainer.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.visitors = visitors

    @app.get("/visit/{token}/{result}/{file}")
    def visit(token: str, result: str, file: str, download: int = 0) -> Response:
        visitor = visitors.by_token(token)
        if visitor is None or result not in visitor.results or file not in DOWNLOADS:
            return PlainTextResponse("Not here (any more). Reload the page.", 404)
        path = visitor.folder / result / file
        if not path.is_file():
            return PlainTextResponse("Not here (any more). Reload the page.", 404)
        return FileResponse(
            path,
            filename=file if download else None,
            headers={"Cache-Control": "no-store"},
        )

    add_live_socket(app, visitors)
    page = build_page(visitors, explainer)
    page.queue(max_size=visitors.limits.waiting, api_open=False)
    return gr.mount_gradio_app(
        app,
        page,
        path="",
        css=read_asset("page.css"),
        theme=gr.themes.Default(font=_FONTS, font_mono=_MONO),
        max_file_size=f"{visitors.limits.upload_mb}mb",
        allowed_paths=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
    )
