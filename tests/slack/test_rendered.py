"""What stands in Slack, word by word: the golden files can be pasted into Slack's Block Kit Builder."""

import re
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from pkgutil import iter_modules

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.clients import slack_blocks
from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.card import card_message
from governor.clients.slack_blocks.deciding import approve_modal, deny_modal
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.steps import TOLD, outcome_message, step_message
from governor.clients.slack_blocks.texts import cut, escape
from governor.core.approvals.request import Act, Door, Vote
from tests.approvals.world import NOON
from tests.slack import rendered
from tests.slack.fake.block_kit import message_problems, view_problems
from tests.slack.rendered import FACTS, GOLDEN, REQUEST, documents, facts, replace, written
from tests.slack.rendered_text import lines_of

DOCUMENTS = documents()
PARTS = {"elements", "limits", "texts"}
"""What messages and views are made of."""

MODULES = sorted(
    f"{slack_blocks.__name__}.{one.name}" for one in iter_modules(slack_blocks.__path__) if one.name not in PARTS
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_message_and_modal_is_as_it_is_kept(name: str) -> None:
    """After a change on purpose: ``python -m tests.slack.rendered``, and look at the difference."""
    assert (GOLDEN / f"{name}.json").read_text(encoding="utf-8") == written(DOCUMENTS[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_message_and_modal_is_within_what_slack_takes(name: str) -> None:
    """By Slack's documented limits, written down apart from ours."""
    document = DOCUMENTS[name]
    problems = view_problems(document) if "type" in document else message_problems(document["blocks"])

    assert [] == problems


@pytest.mark.parametrize("module", MODULES)
def test_whatever_is_said_is_kept(module: str) -> None:
    """Each function that makes a message or a view is among what is rendered, and so is each step that is told."""
    made = [
        name
        for name, function in vars(import_module(module)).items()
        if isfunction(function)
        and function.__module__ == module
        and not name.startswith("_")
        and function.__annotations__.get("return") in {Message, View}
    ]
    source = Path(rendered.__file__).read_text(encoding="utf-8")

    assert [] == [name for name in made if f"{name}(" not in source]
    assert {f"told_{act}" for act in {*TOLD, Act.ACTIVATED}} <= set(DOCUMENTS)


def test_everything_can_be_printed() -> None:
    """A heading for each message and modal, and a line for each of its blocks, none of which is empty."""
    for name, document in DOCUMENTS.items():
        heading, *lines = lines_of(name, document)

        assert heading.startswith(f"## {name}: ")
        assert len(document["blocks"]) == len(lines)
        assert [] == [line for line in lines if line.endswith(": ") and not line.startswith("divider")]


def test_no_golden_file_is_left_over() -> None:
    """Each belongs to something that is said."""
    assert set(DOCUMENTS) == {path.stem for path in GOLDEN.glob("*.json")}


@pytest.mark.parametrize("act", [Act.EXPIRED, Act.REVOKED, Act.ESCALATED, Act.DENIED])
@pytest.mark.parametrize("reason", [None, "", "the run is over", "Is it over?"])
def test_a_step_is_a_sentence_with_or_without_a_reason(act: Act, reason: str | None) -> None:
    """Old records have no reason; a reason of somebody's own may end as it likes, and the next sentence begins anew."""
    said = step_message(REQUEST, rendered.step(act, reason=reason, to="board"), {}, rendered.ZONE).blocks[0]["text"][
        "text"
    ]

    assert [] == re.findall(r" [:.,]|: ?\.|\.\.|[?!]\.|over It|None|because \.", said)
    assert reason is None or reason in said


@given(st.text(max_size=6_000), st.text(max_size=3_000), st.text(max_size=200))
def test_a_card_takes_whatever_people_write(justification: str, reason: str, outcome: str) -> None:
    """Too long, with markup, mentions, or nothing: Slack takes the card."""
    request = replace(REQUEST, justification=justification, outcome_expected=outcome, terms_by=reason)

    assert [] == message_problems(list(card_message(facts(request=request)).blocks))


@given(st.text(alphabet="a&<>`|; \n", max_size=60), st.integers(min_value=12, max_value=40))
def test_a_cut_text_is_short_and_whole(text: str, length: int) -> None:
    """No entity, link or code is cut in two, and nothing is cut that fits."""
    escaped = escape(text)
    shown = cut(escaped, length, "more")

    assert len(shown) <= length
    assert (shown == escaped) == (len(escaped) <= length)
    if shown != escaped:
        kept = shown.rpartition("…")[0]
        assert kept.rfind("&") <= kept.rfind(";")
        assert kept.count("`") % 2 == 0


def test_what_people_write_mentions_nobody() -> None:
    """A justification cannot call a channel, or pretend to be a link."""
    said = card_message(facts(request=replace(REQUEST, justification="<!channel> <https://evil|click> & co")))

    assert "&lt;!channel&gt; &lt;https://evil|click&gt; &amp; co" in str(said.blocks)


def test_a_text_that_is_too_long_says_where_the_whole_is() -> None:
    """With a link, or with the command where there is no page: the reason, the outcome, and what voters wrote."""
    long = "because " * 400
    votes = [Vote(str(n), str(n), approve=True, at=NOON, door=Door.API, reason="r" * 500) for n in range(9)]
    changed = replace(REQUEST, justification=long, outcome_expected=long, votes=tuple(votes))
    card = str(card_message(facts(request=changed)).blocks)
    without = str(card_message(replace(facts(request=changed), page="")).blocks)

    for words in ("the whole reason", "the whole", "all votes"):
        assert f"… <{FACTS.page}|{words}>" in card
        assert f"… {words}: `governor exceptions show {REQUEST.id}`" in without
    assert len(long) > limits.SECTION


def test_whoever_decides_reads_the_whole_reason() -> None:
    """A card shows its beginning; the modal that approves or denies shows all that the form takes."""
    reason = ("because " * 250).strip()
    about = facts(request=replace(REQUEST, justification=reason))

    assert reason not in str(card_message(about).blocks)
    for view in (approve_modal(about), deny_modal(about)):
        assert reason in str(view["blocks"])


def test_one_result_is_one_result() -> None:
    """Not "1 results"."""
    told = replace(REQUEST.outcome, told_at=NOON, told_by=REQUEST.asked_by, count=1)

    assert ": 1 result." in str(outcome_message(replace(REQUEST, outcome=told), 0, {}).blocks)
