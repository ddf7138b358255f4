"""The modal in which whoever is on call lifts a budget at once."""

from collections.abc import Sequence

from governor.clients.slack_blocks.asking import AMOUNT, JUSTIFICATION, QUOTA, UNITS, WHOM
from governor.clients.slack_blocks.deciding import REASON_MAX
from governor.clients.slack_blocks.elements import choice, labelled, modal, option, section, text_input
from governor.clients.slack_blocks.message import View

BREAKING = "breaking"
"""The modal's name, by which its submission is known."""

HOURS = "hours"
"""The field for how long; the others have the names of the form for a request."""

TITLE = "Break the glass"


def glass_form(quotas: Sequence[str]) -> View:
    """Make the modal; sending it is the confirmation.

    Args:
        quotas: The budgets that may be lifted, as policies: ``Quota/x``.
    """
    said = (
        ":rotating_light: It acts at once, and nobody is asked. Somebody else reviews it afterwards; a review that is "
        "missed suspends this for everybody."
    )
    choices = [option(ref.removeprefix("Quota/").replace("-", " "), ref) for ref in quotas]
    whom = text_input(WHOM, length_max=150, placeholder="team:growth, or a mention")
    units = text_input(UNITS, length_max=20)
    blocks = [
        section(said),
        labelled("Which budget?", QUOTA, choice(QUOTA, choices)),
        labelled("For whom?", WHOM, whom, hint="A user:, team:, project: or use_case:, like team:growth."),
        labelled("What may it spend, in USD?", AMOUNT, text_input(AMOUNT, length_max=30, placeholder="200")),
        labelled("How many requests or tokens?", UNITS, units, optional=True, hint="If the budget counts no money."),
        labelled("For how many hours?", HOURS, text_input(HOURS, initial="1", length_max=4)),
        labelled("Why?", JUSTIFICATION, text_input(JUSTIFICATION, multiline=True, length_max=REASON_MAX)),
    ]
    return modal(TITLE, blocks, callback_id=BREAKING, submit="Break it now", close="Cancel")
