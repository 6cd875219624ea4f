"""How the command `daozha` speaks to people: results on standard output, trouble on standard error."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Timer

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from scada.log import log_to_stderr


def only_trouble() -> None:
    """Keep the log's small talk off the screen of a command."""
    log_to_stderr(ours=logging.WARNING)


def tell(text: str) -> None:
    """Say one line on standard output."""
    Console(emoji=False, highlight=False, soft_wrap=True).print(escape(text))


def complain(text: str) -> None:
    """Say what went wrong on standard error."""
    Console(stderr=True, emoji=False, highlight=False, soft_wrap=True).print(f"[red]{escape(text)}[/red]")


def note(text: str) -> None:
    """Say something in passing on standard error."""
    Console(stderr=True, emoji=False, highlight=False, soft_wrap=True).print(escape(text), style="dim")


def frame(title: str, lines: Sequence[str]) -> None:
    """Show a few lines that must not be overlooked."""
    console = Console(emoji=False, highlight=False)
    console.print(Panel("\n".join(escape(line) for line in lines), title=escape(title), expand=False, padding=(1, 2)))


def counted(number: int, noun: str) -> str:
    """Say how many of something there are."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far something has come, on a screen only; gives what is told so many of so many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def patience(what: str, after_s: float = 2.0) -> Iterator[None]:
    """Show on standard error that something goes on, on a screen only, once it has taken so long."""
    console = Console(stderr=True)
    status = console.status(escape(what))
    late = Timer(after_s, status.start if console.is_terminal else lambda: None)
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()
        late.join()
        status.stop()


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], whole: Collection[int] = frozenset()
) -> None:
    """Show rows under column heads; on a narrow screen a cell goes on in the next line, and nothing is cut off.

    Columns that are `whole` stay on one line as long as the others can give way.
    """
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        widest = max((cell_len(row[place]) for row in rows), default=0) if place in whole else None
        table.add_column(column, overflow="fold", min_width=widest)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console(emoji=False, highlight=False).print(table)
