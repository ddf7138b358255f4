"""Short messages and modals: something went wrong, somebody is not known, something is on its way."""

from governor.clients.slack_blocks.elements import actions, button, context, modal, section
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.texts import escape

OPENED_PAGE = "opened_page"
"""The button that opens a page: Slack tells us of the click nevertheless."""


def problem_message(problem: str) -> Message:
    """Say why something was not done."""
    said = f":warning: {escape(problem)}"
    return Message(problem, (section(said),))


def unknown_person_message(slack_id: str, organization: str) -> Message:
    """Tell somebody whom the Organization does not list by their Slack id what to do."""
    said = (
        f"I do not know who you are at {escape(organization)} yet, so I cannot show or decide anything for you. "
        f"Ask whoever keeps the AI policies to add your Slack id `{escape(slack_id)}` to your entry there."
    )
    hint = "They find it with `governor slack people`."
    return Message("I do not know who you are yet", (section(said), context(hint)))


def withdrawn_message() -> Message:
    """Tell an approver that their vote does not count any more."""
    return _line("Your vote is withdrawn.")


def joined_message() -> Message:
    """Tell a requester that there is a request for the same already."""
    return _line("Somebody asks for the same already: you have joined, and are told what comes of it.")


def page_message(url: str, request_id: str) -> Message:
    """Give somebody the link to the page on which a large amount is decided."""
    blocks = (
        section("This amount is decided on a page that shows the whole case."),
        actions([button("Open the page", OPENED_PAGE, url=url, style="primary")], f"page-{request_id}"),
        context("The link is yours alone, and works once within a quarter of an hour."),
    )
    return Message("Decide on a page", blocks)


def _line(said: str) -> Message:
    return Message(said, (section(said),))


def note_modal(title: str, text: str) -> View:
    """Make a modal that says one thing."""
    return modal(title, [section(text)], callback_id="note")


def waiting_modal(title: str) -> View:
    """Make the modal that stands while what belongs into it is looked up."""
    return modal(title, [section(":hourglass_flowing_sand: One moment…")], callback_id="waiting")


def problem_modal(problem: str) -> View:
    """Make a modal that says why something was not done."""
    return note_modal("That did not work", f":warning: {escape(problem)}")
