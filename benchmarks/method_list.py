"""The list of compared methods in docs/compared-methods.md, made from the methods themselves.

python -m benchmarks.method_list
"""

from __future__ import annotations

from benchmarks.page_section import ROOT, write_section
from training.bench.catalogue import CLASSES, parameters_of
from training.common.markdown import grid
from training.loso.registry import MODELS, find_method, make_model

PAGE = ROOT / "docs" / "compared-methods.md"


def main() -> None:
    """Writes the section and prints it."""
    text = section()
    write_section(PAGE, "methods", text)
    print(text)


def section() -> str:
    """A table with a line for each method."""
    head = ["name", "method", "reads", "parameters", "printed", "status", "source", "left open"]
    return "\n".join(grid(head, [_row(name) for name in MODELS]))


def _row(name: str) -> list[str]:
    method = find_method(name)
    count = parameters_of(make_model(name), CLASSES)
    return [
        f"`{name}`",
        f"{method.title}, {method.year}",
        method.reads,
        "-" if count is None else f"{count:,}",
        method.printed_parameters,
        method.status,
        method.source,
        method.open,
    ]


if __name__ == "__main__":
    main()
