"""The modals in which somebody asks for an exception: a form, and what would come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.elements import (
    choice,
    context,
    facts,
    labelled,
    modal,
    option,
    section,
    select,
    text_input,
)
from governor.clients.slack_blocks.message import Block, View
from governor.clients.slack_blocks.request_words import kind_words, money, named, route_words
from governor.clients.slack_blocks.texts import amount, escape, lines
from governor.core.decisions.decision import BudgetView
from governor.core.grants import GrantKind
from governor.core.policy.approval_rule import DecideIn, Route
from governor.core.scopes import Scope
from governor.core.units import Unit

REQUEST = "request"
"""The button that opens the form."""

REQUESTING, SENDING = "requesting", "sending"
"""The names of the form and of its preview."""

KIND, WHOM, QUOTA, AMOUNT, UNITS, MODEL, SIZE, TOKENS = (
    "kind",
    "whom",
    "quota",
    "amount",
    "units",
    "model",
    "size",
    "tokens",
)
UNTIL, JUSTIFICATION, OUTCOME, VALUE, URGENT, LIFTS = (
    "until",
    "justification",
    "outcome",
    "value",
    "urgent",
    "lifts",
)
"""The fields, which errors are shown at by their names."""

JUSTIFICATION_MAX, OUTCOME_MAX = 1_200, 400
"""What is typed travels with the preview, which holds three thousand characters."""

SIZES = (("input", "Longer inputs"), ("output", "Longer answers"), ("total", "More of both together"))
TITLE = "Ask for an exception"


@dataclass(frozen=True, slots=True)
class Form:
    """What the form offers, and what is chosen.

    Attributes:
        kind: What is asked for; other kinds have other fields.
        scopes: Whom it may be for; the first one is whoever asks.
        quotas: The budgets that can be lifted, as they are now.
        quota: The chosen one's policy, or ``""``.
        models: Models that are refused now.
        model: The chosen one, or ``""``.
        time_zone: The organisation's.
        last_day: The day that is proposed as the last.
        kept: What travels with the form: lifts that a refusal named.
    """

    kind: GrantKind
    scopes: Sequence[Scope]
    quotas: Sequence[BudgetView]
    models: Sequence[str]
    last_day: date
    quota: str = ""
    model: str = ""
    kept: str = ""


@dataclass(frozen=True, slots=True)
class WhatWouldCome:
    """What would come of a request, before it is sent.

    Attributes:
        asked: What is asked for, in words.
        amount_nano_usd: What the grant may spend.
        estimate_nano_usd: What Governor expects it to cost, or None.
        basis: What the estimate rests on.
        before_nano_usd: What the same scope was granted this period.
        worth_nano_usd: What it is expected to be worth, or None.
        route: Who would decide.
        people: For each requirement of the route, who they are.
        helps: Whether it would help, by itself.
        tried: The same in words, with what else is in the way.
        offered: Policies that it could lift as well.
        slack_ids: Slack ids by user name.
    """

    asked: str
    amount_nano_usd: int
    estimate_nano_usd: int | None
    basis: str
    before_nano_usd: int
    worth_nano_usd: int | None
    route: Route
    people: Sequence[Sequence[str]]
    helps: bool
    tried: str
    offered: Sequence[str]
    slack_ids: Mapping[str, str] = field(default_factory=dict)


def request_form(form: Form) -> View:
    """Make the form."""
    kinds = [option(kind_words(kind), str(kind)) for kind in GrantKind]
    kind = select(KIND, kinds, initial=str(form.kind))
    words = ["myself", *(_scope_words(scope) for scope in form.scopes[1:])]
    whom = [option(label, scope_value(scope)) for label, scope in zip(words, form.scopes, strict=True)]
    blocks = [
        labelled("What do you need?", KIND, kind, dispatch=True),
        labelled("For whom?", WHOM, choice(WHOM, whom, initial=whom[0]["value"])),
        *_of_kind(form),
        labelled("Last day", UNTIL, _day(form.last_day)),
        labelled(
            "Why?",
            JUSTIFICATION,
            text_input(JUSTIFICATION, multiline=True, length_max=JUSTIFICATION_MAX),
            hint="Whoever decides reads this.",
        ),
        labelled(
            "What will come of it?",
            OUTCOME,
            text_input(OUTCOME, length_max=OUTCOME_MAX, placeholder="Forty landing pages in five languages"),
            optional=True,
        ),
        labelled(
            "What is that worth, in USD?",
            VALUE,
            text_input(VALUE, length_max=30, placeholder="2000"),
            optional=True,
            hint="Compared with the cost; you are asked later what came of it.",
        ),
        labelled("How soon?", URGENT, _urgent(), optional=True),
    ]
    return modal(TITLE, blocks, callback_id=REQUESTING, submit="Preview", close="Cancel", metadata=form.kept)


def preview_modal(come: WhatWouldCome, kept: str) -> View:
    """Show what would come of a request; sending it is the confirmation."""
    worth = money(come.worth_nano_usd) if come.worth_nano_usd is not None else "you did not say"
    estimate = (
        f"{money(come.estimate_nano_usd)} ({escape(come.basis)})"
        if come.estimate_nano_usd is not None
        else f"unknown: {escape(come.basis)}"
    )
    pairs = [
        ("It may spend at most", money(come.amount_nano_usd)),
        ("Governor expects it to cost", estimate),
        ("Granted to the same before, this period", money(come.before_nano_usd)),
        ("Worth, as you expect", worth),
    ]
    blocks = [section(come.asked), *facts(pairs), section(_who(come)), *_missing(come)]
    return modal("Send it?", blocks, callback_id=SENDING, submit="Send", close="Go back", metadata=kept)


def scope_value(scope: Scope) -> str:
    """Write a scope as a choice's value."""
    [(key, name)] = scope
    return f"{key}={name}"[: limits.OPTION_VALUE]


def _scope_words(scope: Scope) -> str:
    [(key, name)] = scope
    return f"{key.replace('_', ' ')} {name}"


def _of_kind(form: Form) -> list[Block]:
    match form.kind:
        case GrantKind.BUDGET:
            return _budget_fields(form)
        case GrantKind.MODEL:
            if not form.models:
                return [section("No model is refused to you that an exception could allow.")]
            models = [option(model, model[: limits.OPTION_VALUE]) for model in form.models]
            return [labelled("Which model?", MODEL, choice(MODEL, models, initial=form.model)), _money()]
        case GrantKind.CONTEXT:
            sizes = [option(words, value) for value, words in SIZES]
            return [
                labelled("What should be larger?", SIZE, select(SIZE, sizes, initial=SIZES[0][0])),
                labelled("How many tokens a request?", TOKENS, text_input(TOKENS, length_max=20, placeholder="200000")),
                _money(),
            ]


def _budget_fields(form: Form) -> list[Block]:
    if not form.quotas:
        return [section("No budget limits you that an exception could lift.")]
    quotas = [option(_quota_words(view), _value(view), _left(view)) for view in form.quotas]
    chosen = next((view for view in form.quotas if view.budget.policy == form.quota), form.quotas[0])
    menu = choice(QUOTA, quotas, initial=_value(chosen))
    fields = [labelled("Which budget?", QUOTA, menu, dispatch=True), _money()]
    if len(quotas) > limits.OPTIONS:
        units = text_input(UNITS, length_max=20)
        fields.append(
            labelled("How many requests or tokens?", UNITS, units, optional=True, hint="If it counts no USD.")
        )
    elif chosen.budget.unit is not Unit.USD:
        label = f"How many {chosen.budget.unit}?"
        fields.append(labelled(label, UNITS, text_input(UNITS, length_max=20), hint="Beside the money that they cost."))
    return fields


def _money() -> Block:
    hint = "Empty: as much as Governor expects it to cost. An approved exception ends at its amount."
    field = text_input(AMOUNT, length_max=30, placeholder="500")
    return labelled("What may it spend, in USD?", AMOUNT, field, optional=True, hint=hint)


def _day(last_day: date) -> Block:
    return {"type": "datepicker", "action_id": UNTIL, "initial_date": last_day.isoformat()}


def _urgent() -> Block:
    return {
        "type": "checkboxes",
        "action_id": URGENT,
        "options": [option("It is urgent: remind and escalate sooner", "yes")],
    }


def _value(view: BudgetView) -> str:
    return view.budget.policy[: limits.OPTION_VALUE]


def _quota_words(view: BudgetView) -> str:
    return view.budget.policy.removeprefix("Quota/").replace("-", " ")


def _left(view: BudgetView) -> str:
    free = view.free
    return "no limit now" if free is None else f"{amount(max(free, 0), view.budget.unit)} left"


def _who(come: WhatWouldCome) -> str:
    route = come.route
    if route.automatic:
        return ":white_check_mark: *It is approved at once*: nobody needs to be asked for so little."
    people = [", ".join(named(user, come.slack_ids) for user in group) or "nobody is left" for group in come.people]
    asked = [
        f"• {one.at_least} of {escape(one.group)}: {names}" for one, names in zip(route.require, people, strict=True)
    ]
    page = "They decide on a page, because of the amount." if route.decide_in is DecideIn.WEB else ""
    return lines([f":busts_in_silhouette: *Who will be asked*: {route_words(route)}", *asked, page])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _missing(come: WhatWouldCome) -> list[Block]:
    """Say what else stands in the way, and offer to lift it as well."""
    if come.helps:
        return [context(escape(_sentence(come.tried)))]
    blocks: list[Block] = [section(f":warning: {escape(_sentence(come.tried))}")]
    if come.offered:
        options = [option(policy, policy) for policy in come.offered][:10]
        boxes = {"type": "checkboxes", "action_id": LIFTS, "options": options}
        blocks.append(labelled("Lift these as well", LIFTS, boxes, optional=True))
    return blocks
