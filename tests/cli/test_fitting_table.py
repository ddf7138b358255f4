"""Tables on terminals of any width: nothing is cut off, and no cell is folded that could stand on a line."""

import pytest

from governor.edges.cli.printing import console, table

WIDE = [("Quota/department-monthly-spend", "marketing", "11,979.1804", ""), ("Quota/x", "everyone", "3", "a guess [1]")]


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    """Return the lines of the table on a terminal of this width."""
    monkeypatch.setenv("COLUMNS", str(width))
    console().print(table("Budgets", ("policy", "for", "free", ""), WIDE, right=("free",)))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_wide_terminal_shows_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each row under the headings."""
    assert [
        "Budgets",
        "policy                          for               free",
        "Quota/department-monthly-spend  marketing  11,979.1804",
        "Quota/x                         everyone             3  a guess [1]",
    ] == printed(capsys, monkeypatch, 67)


def test_a_narrow_terminal_shows_a_block_for_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headings stand before their cells; empty cells are left out, and markup is shown as it is."""
    assert [
        "Budgets",
        "Quota/department-monthly-spend",
        "  for marketing",
        "  free 11,979.1804",
        "Quota/x",
        "  for everyone · free 3",
        "  a guess [1]",
    ] == printed(capsys, monkeypatch, 31)
