"""Asking for an exception: the form, its preview, and sending it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from governor.clients.slack_blocks import asking
from governor.clients.slack_blocks.asking import Form, WhatWouldCome
from governor.clients.slack_blocks.message import View
from governor.clients.slack_blocks.notes import joined_message
from governor.clients.slack_blocks.request_words import for_scope, kind_words, terms_words
from governor.clients.slack_blocks.texts import escape, instant
from governor.core.decisions.decision import BudgetView
from governor.core.errors import InvalidRequestError
from governor.core.grants import GrantKind
from governor.core.units import Unit
from governor.edges.slack.deciding import actor_of, end_in, usd, whole
from governor.edges.slack.desk import Asked
from governor.edges.slack.submitting import CLOSE, Reply, filled, filled_in
from governor.edges.slack.words import one_of
from governor.services.approvals.choices import Choices, also_liftable, choices_of, who_decides
from governor.services.approvals.create import create, preview
from governor.services.approvals.wishes import Wish
from governor.services.slack.card_facts import slack_ids
from governor.services.who_may_see import may_see

PROPOSED = timedelta(days=7)
"""How long an exception lasts that nobody has thought about."""

_KINDS = {"Quota": GrantKind.BUDGET, "ModelAllowlist": GrantKind.MODEL, "Organization": GrantKind.MODEL}


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What travels with the form: what a refusal named, so that nobody has to type it."""

    lifts: tuple[str, ...] = ()
    model: str = ""


async def request_asked(asked: Asked) -> None:
    """Show the form; opened from a refusal it is filled with what was refused."""
    kind, kept = await _from_refusal(asked, asked.value) if asked.value else (GrantKind.BUDGET, Kept())
    await asked.show(await _form(asked, kind, kept))


async def form_changed(asked: Asked) -> None:
    """Show the fields of another kind, or of another budget; what was typed stays, because its fields stay."""
    view = asked.body["view"]
    held = filled_in(view)
    asked.view_id = str(view["id"])
    kept = msgspec.json.decode(view.get("private_metadata") or b"{}", type=Kept)
    kind = GrantKind(str(held.get(asking.KIND, GrantKind.BUDGET)))
    await asked.show(await _form(asked, kind, kept, quota=str(held.get(asking.QUOTA, ""))))


async def requesting(asked: Asked) -> Reply:
    """Check the form and show what would come of it, over the form: going back leads to it."""
    desk = asked.desk
    wish = await _wish(asked, filled(asked))
    would = await preview(desk.approvals, wish, actor_of(asked), asked.now)
    actor = actor_of(asked)
    terms = would.draft.terms
    whom = for_scope(would.draft.asked.scope, actor.user)
    until = instant(terms.ends_at, desk.time_zone)
    said = f"*{kind_words(wish.kind)}* {whom}: {terms_words(terms)}, until {until}."
    come = WhatWouldCome(
        asked=f"{said} It lifts {_names(would.draft.lifts)}.",
        amount_nano_usd=terms.amount_nano_usd,
        estimate_nano_usd=would.draft.estimate.cost_nano_usd,
        basis=would.draft.estimate.basis,
        before_nano_usd=would.granted_before_nano_usd,
        worth_nano_usd=wish.expected_value_nano_usd,
        route=would.route,
        people=who_decides(desk.organization, would, actor, asked.now),
        helps=would.trial.helps and not would.trial.narrow,
        tried=would.trial.summary,
        offered=also_liftable(would.trial, wish.kind, desk.snapshot),
        slack_ids=slack_ids(desk.organization),
    )
    return Reply(over=asking.preview_modal(come, _kept_wish(wish)))


async def sending(asked: Asked) -> Reply:
    """Send what was previewed, with the policies that were found to stand in the way as well."""
    desk = asked.desk
    wish = _sent_wish(str(asked.body["view"]["private_metadata"]))
    more = [str(one) for one in filled(asked).get(asking.LIFTS, ())]
    # Who has no answer sends the very same preview again: that is the same request.
    wish = replace(wish, lifts=(*wish.lifts, *more), request_id=f"slack {asked.body['view']['id']}")
    created = await create(desk.approvals, wish, actor_of(asked), asked.now)
    request = created.acted.request
    await desk.shown(request.id, asked.now)
    if created.joined:
        await asked.say(joined_message())
    return CLOSE


async def _choices(asked: Asked) -> Choices:
    desk = asked.desk
    return await choices_of(desk.governor.publisher.snapshots, desk.governor.entitlements, asked.person, asked.now)


async def _form(asked: Asked, kind: GrantKind, kept: Kept, quota: str = "") -> View:
    known = await _choices(asked)
    zone = ZoneInfo(asked.desk.time_zone)
    named = next((lift for lift in kept.lifts if lift in known.liftable), "")
    form = Form(
        kind=kind,
        scopes=known.scopes,
        quotas=[view for view in _one_each(known) if view.budget.policy in known.liftable],
        models=[one.model for one in known.models],
        last_day=(asked.now + PROPOSED).astimezone(zone).date(),
        quota=quota or named,
        model=kept.model,
        kept=msgspec.json.encode(kept).decode(),
    )
    return asking.request_form(form)


def _one_each(known: Choices) -> list[BudgetView]:
    """Return one budget of each quota: a quota may have one for each model, and is lifted as a whole."""
    return list({view.budget.policy: view for view in reversed(known.budgets)}.values())[::-1]


async def _from_refusal(asked: Asked, decision_id: str) -> tuple[GrantKind, Kept]:
    """Return what a refusal suggests to ask for; of somebody else's it suggests nothing."""
    explanation = await asked.desk.governor.explainer.explain(decision_id)
    reservation = explanation.reservation
    if not may_see(asked.desk.organization, asked.person, reservation.facts.attributes, asked.now):
        return GrantKind.BUDGET, Kept()
    answer = msgspec.json.decode(reservation.answer)
    policies = [str(reason["policy"]) for reason in answer["reasons"] if reason["policy"]]
    kinds = [_KINDS.get(policy.partition("/")[0], GrantKind.CONTEXT) for policy in policies]
    kind = kinds[0] if kinds else GrantKind.BUDGET
    lifts = tuple(dict.fromkeys(policy for policy, one in zip(policies, kinds, strict=True) if one is kind))
    return kind, Kept(lifts, str(answer["requested_model"]) if kind is GrantKind.MODEL else "")


async def _wish(asked: Asked, held: Mapping[str, Any]) -> Wish:
    """Read the form.

    Raises:
        InvalidRequestError: At the field that is wrong.
    """
    kind = GrantKind(str(held[asking.KIND]))
    until_at = end_in(held.get(asking.UNTIL), asked.desk.time_zone)
    if until_at is None:
        raise InvalidRequestError("choose the last day", field=asking.UNTIL)
    known = await _choices(asked)
    held = {**held, **_chosen(held, known)}
    key, _, name = str(held[asking.WHOM]).partition("=")
    lifts = _lifts(kind, held, known)
    units = whole(held.get(asking.UNITS), asking.UNITS)
    quota = str(held.get(asking.QUOTA, ""))
    tokens = whole(held.get(asking.TOKENS), asking.TOKENS)
    size = str(held.get(asking.SIZE, ""))
    model = str(held.get(asking.MODEL, ""))
    counts_money = _unit_of(known, quota) is Unit.USD
    return Wish(
        kind=kind,
        lifts=lifts,
        until_at=until_at,
        scope=((key, name),),
        amount_nano_usd=usd(held.get(asking.AMOUNT), asking.AMOUNT),
        amounts={quota: units} if kind is GrantKind.BUDGET and units is not None and not counts_money else {},
        models=(model,) if kind is GrantKind.MODEL and model else (),
        input_tokens_max=tokens if size == "input" else None,
        output_tokens_max=tokens if size == "output" else None,
        total_tokens_max=tokens if size == "total" else None,
        justification=str(held.get(asking.JUSTIFICATION, "")),
        outcome=str(held.get(asking.OUTCOME, "")),
        expected_value_nano_usd=usd(held.get(asking.VALUE), asking.VALUE),
        urgent=bool(held.get(asking.URGENT)),
    )


def _chosen(held: Mapping[str, Any], known: Choices) -> dict[str, str]:
    """Return what was chosen, or typed where there is more than a menu holds."""
    menus = (
        (asking.WHOM, "", [asking.scope_value(scope) for scope in known.scopes]),
        (asking.QUOTA, "Quota/", known.liftable),
        (asking.MODEL, "", [one.model for one in known.models]),
    )
    return {
        field: one_of(str(held[field]), names, kind=kind, field=field) for field, kind, names in menus if field in held
    }


def _lifts(kind: GrantKind, held: Mapping[str, Any], known: Choices) -> tuple[str, ...]:
    """Return the policies that stand in the way of what is asked for."""
    match kind:
        case GrantKind.BUDGET:
            quota = str(held.get(asking.QUOTA, ""))
            return (quota,) if quota else ()
        case GrantKind.MODEL:
            model = str(held.get(asking.MODEL, ""))
            return next((one.lifts for one in known.models if one.model == model), ())
        case GrantKind.CONTEXT:
            return known.limits


def _unit_of(known: Choices, quota: str) -> Unit:
    return next((view.budget.unit for view in known.budgets if view.budget.policy == quota), Unit.USD)


def _names(lifts: tuple[str, ...]) -> str:
    return ", ".join(f"`{escape(ref)}`" for ref in lifts)


def _kept_wish(wish: Wish) -> str:
    """Write a wish so that it travels with the preview."""
    document = msgspec.to_builtins(wish)
    return json.dumps({name: value for name, value in document.items() if value}, ensure_ascii=False)


def _sent_wish(text: str) -> Wish:
    return msgspec.convert(json.loads(text), Wish)


CLICKS = {
    asking.REQUEST: (request_asked, asking.TITLE),
    asking.KIND: (form_changed, ""),
    asking.QUOTA: (form_changed, ""),
}
"""What each button and menu does, and the title of the modal that it opens at once; ``""``: it opens none."""

SUBMISSIONS = {asking.REQUESTING: requesting, asking.SENDING: sending}
"""What sending each modal does."""
