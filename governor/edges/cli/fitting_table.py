"""A table that is laid out as blocks, one for each row, where the terminal is too narrow for it."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

GAP = 2
"""Blanks between two columns, and before what is said of a row."""

BETWEEN = " · "
"""What stands between two cells of a block."""


class FittingTable:
    """Rows under headings; folded cells help nobody, so a row that does not fit becomes a few lines of its own.

    Args:
        title: Stands above it.
        columns: The headings.
        rows: One text for each column; shown as it is, without markup.
        right: Headings of the columns that hold numbers.
    """

    def __init__(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()
    ) -> None:
        self._title = title
        self._columns = columns
        self._rows = rows
        self._right = right

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Render as a table where it fits, as blocks otherwise."""
        if self._width() <= options.max_width:
            yield self._table()
            return
        if self._title:
            yield f"[bold]{escape(self._title)}[/]"
        for row in self._rows:
            yield escape(row[0])
            for line in _lines(zip(self._columns[1:], row[1:], strict=True), options.max_width - GAP):
                yield Padding(line, (0, 0, 0, GAP))

    def _width(self) -> int:
        widths = [
            max(cell_len(line) for text in (heading, *cells) for line in text.split("\n"))
            for heading, *cells in zip(self._columns, *self._rows, strict=True)
        ]
        return sum(widths) + GAP * (len(widths) - 1)

    def _table(self) -> Table:
        made = Table(
            title=self._title,
            title_justify="left",
            title_style="bold",
            header_style="bold",
            box=None,
            padding=(0, GAP, 0, 0),
            pad_edge=False,
        )
        for column in self._columns:
            made.add_column(column, justify="right" if column in self._right else "left", overflow="fold")
        for row in self._rows:
            made.add_row(*(escape(cell) for cell in row))
        return made


def _lines(cells: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield the cells of a row with their headings, as many to a line as fit; only a cell that is longer is folded."""
    line, taken = "", 0
    for heading, cell in cells:
        said = " ".join([heading, *cell.split()]).strip()
        if not cell.strip():
            continue
        wide = cell_len(said)
        if line and taken + len(BETWEEN) + wide > width:
            yield line
            line, taken = "", 0
        before = BETWEEN if line else ""
        line += f"{before}[dim]{escape(heading)}[/]{escape(said[len(heading) :])}"
        taken += len(before) + wide
    if line:
        yield line
