"""How the commands speak: sentences, notes, tables, Markdown, and what comes next."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table


def console(stderr: bool = False) -> Console:
    # Through a pipe, rich would wrap at 80 columns and break table cells in the middle.
    wide = None if (os.environ.get("COLUMNS") or Console().is_terminal) else 120
    return Console(stderr=stderr, width=wide, highlight=False, soft_wrap=False)


def say(text: str = "") -> None:
    console().print(text, soft_wrap=True)


def note(*texts: str) -> None:
    for text in texts:
        say(f"[yellow]Note:[/] {escape(text)}")


def next_step(text: str) -> None:
    say(f"[bold]Next:[/] {text}")


def show_table(title: str, columns: Iterable[str | Column], rows: Iterable[Iterable[str]], **style: Any) -> None:
    """Show a table below its title. Cells may hold markup: what others wrote is escaped before."""
    table = Table(*columns, title=title, title_justify="left", **style)
    for row in rows:
        table.add_row(*row)
    console().print(table)


def show_markdown(text: str) -> None:
    """Show Markdown, its formulas readable without LaTeX."""
    from rich.markdown import Markdown

    from ..learning.formulas import for_terminal

    console().print(Markdown(for_terminal(text)))


def show(title: str, text: str) -> None:
    """Show Markdown below a title."""
    say(f"\n[bold]{escape(title)}[/]")
    show_markdown(text)


def here(path: Path) -> str:
    """Return a path as someone in the current folder would type it."""
    return escape(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
