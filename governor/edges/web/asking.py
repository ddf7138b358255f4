"""Pages of those who ask: the form with its preview, and what was refused lately."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from governor.core.errors import ConflictError, ForbiddenError, GovernorError, InvalidRequestError
from governor.core.grants import LIFTED_KINDS, GrantKind
from governor.core.scopes import Scope
from governor.edges.web.doorway import Doorway, Visit
from governor.edges.web.forms import check_guard, dollars_in, end_in, names_in, number_in, read_form
from governor.edges.web.rendering import sentence
from governor.edges.web.sendings import SENDING, new_sending, sending_in
from governor.services.approvals.break_glass import break_glass, check_on_call
from governor.services.approvals.choices import also_liftable
from governor.services.approvals.create import create, preview
from governor.services.approvals.refused import refused_lately
from governor.services.approvals.wire import preview_wire
from governor.services.approvals.wishes import Wish

KINDS = (
    (str(GrantKind.BUDGET), "more budget"),
    (str(GrantKind.MODEL), "a model that is refused"),
    (str(GrantKind.CONTEXT), "larger requests"),
)
FIELDS = (
    "kind",
    "lifts",
    "models",
    "input_tokens_max",
    "output_tokens_max",
    "total_tokens_max",
    "amounts",
    "whom",
    "amount_usd",
    "until",
    "justification",
    "outcome",
    "expected_value_usd",
    "urgent",
    "hours",
)
HOURS_MAX = 744
SENT_BEFORE = "This form was sent before, with something else in it. Look at what would happen, and send it again."
DAYS = 7
"""How long a request is for, unless somebody says otherwise."""


class AskingPages:
    """Pages of those who ask.

    Args:
        doorway: Lets people in.
    """

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._governor = doorway.governor

    async def show(self, visit: Visit) -> Response:
        """Show the form, filled in with what a refusal's link says."""
        given = visit.request.query_params
        form = {name: given.get(name, "")[:2_000] for name in FIELDS}
        form["lifts"] = ", ".join(given.getlist("lifts"))[:2_000]
        zone = ZoneInfo(self._doorway.organization.time_zone)
        until = (visit.now.astimezone(zone) + timedelta(days=DAYS)).date().isoformat()
        return self._form(visit, {**form, "kind": form["kind"] or "budget", "until": form["until"] or until})

    async def send(self, visit: Visit) -> Response:
        """Show what would happen, or send it."""
        sent = await read_form(visit.request)
        check_guard(visit.session, sent)
        form = {name: sent.get(name, "") for name in (*FIELDS, SENDING)}
        desk, actor = self._governor.desk, visit.session.actor
        try:
            if sent.get("do") == "glass":
                hours = number_in(form, "hours")
                if not hours or hours > HOURS_MAX:
                    raise InvalidRequestError("say for how many hours", field="hours")
                wish = replace(self._wish(form), until_at=visit.now + timedelta(hours=hours))
                broken = await break_glass(desk, wish, actor, visit.now)
                await self._governor.grants.refresh()
                return self._doorway.go(f"/requests/{broken.request.id}")
            wish = self._wish(form)
            if sent.get("do") == "send":
                created = await create(desk, wish, actor, visit.now)
                await self._governor.grants.refresh()
                return self._doorway.go(f"/requests/{created.acted.request.id}")
            would = await preview(desk, wish, actor, visit.now)
        except GovernorError as error:
            field = str(error.details.get("field", "") or "")
            again = isinstance(error, ConflictError) and error.code == ConflictError.code
            problem = SENT_BEFORE if again else sentence(error.message)
            return self._form(visit, form, status=422, problem=problem, field=field)
        offered = also_liftable(would.trial, wish.kind, self._snapshot)
        return self._form(visit, form, preview=preview_wire(would), offered=offered)

    async def refused(self, visit: Visit) -> Response:
        """Show what of the person's was refused lately, each with a link to the form."""
        found = await refused_lately(self._governor.refusals, self._snapshot, visit.session.actor.user, visit.now)
        return self._doorway.render("refused.html", session=visit.session, refused=found)

    @property
    def _snapshot(self) -> Any:
        return self._governor.publisher.snapshots.current

    def _wish(self, form: Mapping[str, str]) -> Wish:
        until_at = end_in(form, "until", self._doorway.organization.time_zone)
        if until_at is None:
            raise InvalidRequestError("say until when it is needed", field="until")
        try:
            kind = GrantKind(form["kind"])
        except ValueError:
            raise InvalidRequestError("say what you need", field="kind") from None
        return Wish(
            kind=kind,
            lifts=names_in(form, "lifts"),
            until_at=until_at,
            scope=_scope(form["whom"]),
            amount_nano_usd=dollars_in(form, "amount_usd"),
            amounts=_amounts(form),
            models=names_in(form, "models") if kind is GrantKind.MODEL else (),
            input_tokens_max=number_in(form, "input_tokens_max") if kind is GrantKind.CONTEXT else None,
            output_tokens_max=number_in(form, "output_tokens_max") if kind is GrantKind.CONTEXT else None,
            total_tokens_max=number_in(form, "total_tokens_max") if kind is GrantKind.CONTEXT else None,
            justification=form["justification"],
            outcome=form["outcome"],
            expected_value_nano_usd=dollars_in(form, "expected_value_usd"),
            urgent=bool(form["urgent"]),
            request_id=sending_in(form),
        )

    def _form(self, visit: Visit, form: Mapping[str, str], *, status: int = 200, **facts: Any) -> Response:
        kinds = {kind for of_kind in LIFTED_KINDS.values() for kind in of_kind}
        headers = self._snapshot.policies.headers
        policies = sorted(one.ref for one in headers if one.kind in kinds and one.exceptions_allowed)
        given = {"problem": "", "field": "", "preview": None, "offered": (), **facts}
        return self._doorway.render(
            "ask.html",
            status=status,
            session=visit.session,
            form=form,
            sending=new_sending(),
            kinds=KINDS,
            whoms=self._whoms(visit, form["whom"]),
            policies=policies[:500],
            may_break_glass=self._may_break_glass(visit),
            **given,
        )

    def _may_break_glass(self, visit: Visit) -> bool:
        """Tell whether a rule lets somebody break the glass for anybody; which budget, the service looks."""
        try:
            check_on_call(self._snapshot, visit.session.actor.user, visit.now)
        except ForbiddenError:
            return False
        return True

    def _whoms(self, visit: Visit, asked: str) -> list[tuple[str, str]]:
        """Return for whom somebody may ask, as far as a list can say."""
        organization, user = self._doorway.organization, visit.session.actor.user
        person = organization.people[user]
        placement = person.placement(visit.now)
        teams = sorted({team for team in (placement.team, *person.teams) if team in organization.teams})
        department = organization.departments.get(placement.department)
        projects = department.projects if department is not None else ()
        accounts = [one.name for one in organization.service_accounts.values() if one.owner == user]
        choices = [("", "me")]
        choices += [(f"team={team}", f"the team {team}") for team in teams]
        choices += [(f"project={project}", f"the project {project}") for project in projects]
        choices += [(f"user={account}", f"the service account {account}") for account in accounts]
        choices += [(f"use_case={name}", f"the use case {name}") for name in sorted(organization.use_cases)]
        if asked and asked not in {value for value, _ in choices}:
            choices.append((asked, asked.replace("=", " ")))
        return choices


def _scope(whom: str) -> Scope:
    key, _, name = whom.partition("=")
    return ((key, name),) if whom else ()


def _amounts(form: Mapping[str, str]) -> dict[str, int]:
    amounts = {}
    for text in names_in(form, "amounts"):
        policy, _, number = text.partition("=")
        if not (number.strip().isascii() and number.strip().isdigit()):
            message = f"`{text[:80]}` is not an amount; write it like Quota/user-requests=500"
            raise InvalidRequestError(message, field="amounts")
        amounts[policy.strip()] = int(number)
    return amounts
