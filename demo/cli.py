"""`mer-demo`: the page on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from streamer.command import option, run_app

_PROGRAM = "mer-demo"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command()
def demo(
    port: Annotated[
        int, option("Where", "Port; 7860 if left out.", "--port", min=0, max=65535)
    ] = 7860,
) -> None:
    import uvicorn

    from demo.server import create_app

    uvicorn.run(create_app(), host="127.0.0.1", port=port, log_level="warning")


def main() -> None:
    run_app(app, _PROGRAM)
