"""A plan for people: tables on a terminal, Markdown for a pull request. Both are made from the plan's document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.markup import escape

from governor.core.scopes import scope_text
from governor.core.wording.phrases import counted
from governor.edges.cli.markdown import markdown_table, plain
from governor.edges.cli.money_words import cents, signed_cents
from governor.edges.cli.printing import table
from governor.services.plan_outcomes import EFFECT_WORDS, Effect

LINES_SHOWN = 12
"""Differences of one policy that are printed; how many more there are is said, and JSON has them all."""

ROWS_SHOWN = 15
CHANGES_SHOWN = 40
MARKER = "<!-- governor plan -->"
"""Begins a comment, so that the next run finds and replaces it."""

_EFFECTS = tuple(Effect)


def as_text(document: Mapping[str, Any]) -> Group:
    """Render a plan for a terminal."""
    parts: list[Any] = [f"[bold]{escape(_title(document))}[/]", ""]
    for change in document["changes"][:CHANGES_SHOWN]:
        parts.append(f"[bold]{escape(change['title'])}[/] [dim]{escape(change['source'])}[/]")
        parts += [f"  {escape(line)}" for line in _lines(change)]
    parts += _more(document["changes"], CHANGES_SHOWN, "policy", "policies")
    if not document["changes"]:
        parts.append(escape(_nothing_said(document)))
    parts += [f"[yellow]{escape(_finding(finding))}[/]" for finding in document["findings"]]
    replay = document["replay"]
    if replay is not None:
        parts += ["", f"[bold]{escape(_replayed(replay))}[/]"]
        parts += [("" if part == "" else part) for part in _text_tables(replay)]
    return Group(*parts)


def as_markdown(document: Mapping[str, Any]) -> str:
    """Render a plan as a comment on a pull request."""
    lines = [MARKER, f"### {_title(document)}", ""]
    for change in document["changes"][:CHANGES_SHOWN]:
        source = f" <sub>{plain(change['source'])}</sub>" if change["source"] else ""
        lines.append(f"**{plain(change['title'])}**{source}")
        lines += ["", *[f"- {plain(line)}" for line in _lines(change)], ""]
    lines += _more(document["changes"], CHANGES_SHOWN, "policy", "policies")
    if not document["changes"]:
        lines += [plain(_nothing_said(document)), ""]
    lines += [f"> ⚠️ {plain(_finding(finding))}\n" for finding in document["findings"]]
    replay = document["replay"]
    if replay is not None:
        lines += [f"### {_replayed(replay)}", ""]
        for title, columns, rows in _tables(replay):
            lines += [f"**{title}**", "", *markdown_table(columns, rows), ""]
    return "\n".join(lines).rstrip()


def _nothing_said(document: Mapping[str, Any]) -> str:
    """Say why no policy is listed."""
    why = document["nothing_to_compare"]
    return f"Nothing to compare with: {why}. What is proposed is valid." if why else "The policies say the same."


def _title(document: Mapping[str, Any]) -> str:
    return f"Plan: {document['from']['name']} to {document['to']['name']}"


def _lines(change: Mapping[str, Any]) -> list[str]:
    """Return what is said about a policy: what decides first, then what is only told."""
    ordered = sorted(change["differences"], key=lambda difference: not difference["decides"])
    lines = [difference["text"] for difference in ordered[:LINES_SHOWN]]
    lines += _more(ordered, LINES_SHOWN, "line")
    if change["balances"]:
        lines.append(f"Balances: {change['balances']}")
    return lines


def _more(items: Sequence[Any], shown: int, one: str, many: str = "") -> list[str]:
    left = len(items) - shown
    return [f"... and {counted(left, f'more {one}', f'more {many or one + chr(115)}')}"] if left > 0 else []


def _finding(finding: Mapping[str, Any]) -> str:
    hint = f"; {finding['hint']}" if finding["hint"] else ""
    return f"{finding['file']}:{finding['line']} {finding['code']}: {finding['message']}{hint}"


def _replayed(replay: Mapping[str, Any]) -> str:
    """Say what was replayed, and whether anything came out differently."""
    requests = counted(replay["requests"], "recorded request")
    if not replay["requests"]:
        return f"Replay of {replay['traffic']}: nothing was recorded in that time"
    span = f"from {replay['since'][:10]} to {replay['until'][:10]}"
    return f"Replay of {requests} {span}: {_differently(replay)}"


def _differently(replay: Mapping[str, Any]) -> str:
    """Say how many answers differ; the same answers at other prices are a difference too."""
    nano = _change(replay)
    if replay["affected"]:
        return f"{replay['affected']:,} come out differently"
    if nano:
        return f"the same answers, at another cost: {signed_cents(nano)} USD"
    if any(map(_change, replay["by_department"].values())):
        return "the same answers, paid by other departments"
    return "no difference"


def _change(sides: Mapping[str, Any]) -> int:
    """Return by how much more is spent after than before."""
    return _nano(sides["after"]["cost_usd"]) - _nano(sides["before"]["cost_usd"])


def _text_tables(replay: Mapping[str, Any]) -> Iterator[Any]:
    for title, columns, rows in _tables(replay):
        yield ""
        yield table(title, columns, rows, right=columns[1:])


Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def _tables(replay: Mapping[str, Any]) -> Iterator[Table]:
    if not replay["requests"]:
        return
    yield _sums(replay)
    rows = _effect_rows(replay["effects"])
    repriced = _change(replay) - _effects_nano(replay["effects"])
    if repriced:
        rows.append(("the same answer at another price", "", signed_cents(repriced)))
    if rows:
        yield _effects_table("What is different", "what", rows)
    for title, key in (("By department", "by_department"), ("By model asked for", "by_model")):
        groups = {name: group["effects"] for name, group in replay[key].items()}
        changes = {name: _change(group) for name, group in replay[key].items()}
        if any(groups.values()) or any(changes.values()):
            yield _breakdown(title, groups, changes)
    if replay["by_policy"]:
        yield _breakdown("By policy", replay["by_policy"])
    if replay["budgets"]:
        yield _budgets(replay)
    if replay["people"]:
        affected = counted(replay["people_affected"], "person", "people")
        yield _breakdown(
            f"Most affected of {affected}", {person["user"]: person["effects"] for person in replay["people"]}
        )


def _sums(replay: Mapping[str, Any]) -> Table:
    columns = ("", "allowed", "refused", "another model", "warned", "cost (USD)")
    keys = ("allowed", "denied", "substituted", "warned")
    rows = [
        (side, *(f"{replay[side][key]:,}" for key in keys), cents(replay[side]["cost_usd"]))
        for side in ("before", "after")
    ]
    return "In all", columns, rows


def _effects_table(title: str, what: str, rows: list[tuple[str, ...]]) -> Table:
    return title, (what, "requests", "spend (USD)"), rows


def _effect_rows(effects: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (EFFECT_WORDS[effect], f"{effects[effect]['requests']:,}", _money(effect, effects[effect]))
        for effect in _EFFECTS
        if effect in effects
    ]


def _money(effect: Effect, sums: Mapping[str, Any]) -> str:
    """Show the change of what is spent; a warning changes nothing."""
    if effect in {Effect.WARNED, Effect.UNWARNED}:
        return ""
    return signed_cents(sums["usd"])


def _breakdown(title: str, groups: Mapping[str, Mapping[str, Any]], changes: Mapping[str, int] | None = None) -> Table:
    """Show each group with every effect that there is, and the change of what is spent.

    Args:
        title: Of the table.
        groups: The effects by name.
        changes: By how much more each spends in all, in nano-USD; absent: what its effects come to.
    """
    spent = changes or {name: _effects_nano(effects) for name, effects in groups.items()}
    present = [effect for effect in _EFFECTS if any(effect in effects for effects in groups.values())]
    columns = ("", *(EFFECT_WORDS[effect] for effect in present), "spend (USD)")
    touched = [(name, effects) for name, effects in groups.items() if effects or spent[name]]
    rows = [
        (name, *(_requests(effects.get(effect)) for effect in present), _spend(spent[name]))
        for name, effects in touched[:ROWS_SHOWN]
    ]
    left = len(touched) - ROWS_SHOWN
    if left > 0:
        rows.append((f"... and {left:,} more", *("" for _ in columns[1:])))
    return title, columns, rows


def _requests(sums: Mapping[str, Any] | None) -> str:
    return f"{sums['requests']:,}" if sums is not None else ""


def _spend(nano: int) -> str:
    return signed_cents(nano) if nano else ""


def _effects_nano(effects: Mapping[str, Any]) -> int:
    """Add up the change of what is spent: a request is counted once, because all but warnings exclude each other."""
    changing = effects.keys() - {Effect.WARNED, Effect.UNWARNED}
    return sum(_nano(effects[effect]["usd"]) for effect in changing)


def _nano(usd: str) -> int:
    return int(usd.replace(".", ""))


def _budgets(replay: Mapping[str, Any]) -> Table:
    columns = ("budget", "ran out before", "runs out after")
    rows: list[tuple[str, ...]] = [
        (
            f"{entry['policy']} {scope_text(tuple(entry['scope'].items()))}".rstrip(),
            entry["before"] or "never",
            entry["after"] or "never",
        )
        for entry in replay["budgets"][:ROWS_SHOWN]
    ]
    left = len(replay["budgets"]) - ROWS_SHOWN
    if left > 0 or replay["budgets_left_out"]:
        rows.append((f"... and {'many' if replay['budgets_left_out'] else f'{left:,}'} more", "", ""))
    return "First day without room", columns, rows
