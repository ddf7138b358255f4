"""A handbook as Markdown and as one HTML page that needs nothing else: no script, no font, no picture."""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from governor.core.wording.handbook import Handbook, Rule
from governor.core.wording.phrases import capitalised
from governor.edges.cli.markdown import plain, words_table

DECIDES = "What is merged is what decides; every answer names its rule."
IN_SHORT = "In short"
COLUMNS = ("Limit", "How much", "Warns", "When it is reached")
TEMPLATE = Path(__file__).with_name("handbook.html.j2")


def as_html(handbook: Handbook) -> str:
    """Return the page; whatever a policy says is text, never markup."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["sentence"] = capitalised
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        handbook=handbook, decides=DECIDES, in_short=IN_SHORT, columns=COLUMNS
    )


def as_markdown(handbook: Handbook) -> str:
    """Return the document for a repository or a wiki."""
    return "\n".join(_lines(handbook)).rstrip() + "\n"


def _lines(handbook: Handbook) -> Iterator[str]:
    yield f"# {plain(handbook.title)}"
    yield ""
    yield f"As of {handbook.on}, version {handbook.version}. {DECIDES}"
    if handbook.about:
        yield from ("", f"For {plain(handbook.whom)}: {plain(handbook.about)}.")
    if handbook.in_short:
        yield from ("", f"## {IN_SHORT}", "")
        yield from words_table(COLUMNS, handbook.in_short)
    for chapter in handbook.chapters:
        yield from ("", f"## {chapter.title}", "")
        if chapter.intro:
            yield from (chapter.intro, "")
        for rule in chapter.rules:
            yield from _rule(rule)
    yield from ("", "---", "", "Agreed by: ______________________________ Date: ______________")


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {plain(rule.title)}"
    yield ""
    if rule.note:
        yield from (f"*{plain(capitalised(rule.note))}.*", "")
    yield f"For: {plain(rule.whom)}."
    yield ""
    for subject, words in rule.facts:
        yield f"- {plain(subject)}: **{plain(words)}**"
    yield ""
    yield _footnote(rule)
    yield ""


def _footnote(rule: Rule) -> str:
    parts = [f"`{rule.ref}`" + (f" ({rule.source})" if rule.source else "")]
    if rule.owner:
        parts.append(f"answered for by {plain(rule.owner)}")
    if rule.reason:
        parts.append(f"because: {plain(rule.reason.rstrip('.'))}")
    if rule.review_on:
        parts.append(f"looked at again by {rule.review_on}")
    return f"<sub>{'; '.join(parts)}</sub>"
