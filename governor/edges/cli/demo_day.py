"""The day of the demo, sent to the running service: it is asked before each call, and told what came after it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from threading import local
from typing import Any

from governor.clients.gateway import Gateway
from governor.core.money import nano_from_text
from governor.core.policy.organization import Organization
from governor.services.replay_summary import ReplaySummary
from governor.services.simulate_day import SimulatedCall

GATEWAYS = 4
"""Connections at a time, like four gateways."""

CALLS_PER_OUTCOME = 3
"""Of so many calls for a use case something comes that is counted."""


@dataclass(slots=True)
class DayResult:
    """What came of the day.

    Attributes:
        refused_runaway: Refused calls of the runaway agent.
        example: Id of a decision that was refused, for the reader to explain; ``""`` if none was.
        clamped: Calls that got a lower output limit.
        substituted_by: What had other models given, to the number of calls.
    """

    summary: ReplaySummary = field(default_factory=ReplaySummary)
    runaway: int = 0
    refused_runaway: int = 0
    clamped: int = 0
    substituted_by: Counter[str] = field(default_factory=Counter)
    example: str = ""


def send_day(
    url: str, calls: Sequence[SimulatedCall], organization: Organization, set_clock: Callable[[datetime], None]
) -> Iterator[tuple[datetime, int, DayResult]]:
    """Send a day's calls, minute by minute.

    Args:
        url: Where the service is.
        calls: In the order of their time.
        organization: Tells the department of each caller.
        set_clock: Moves the service's clock to the next minute.

    Yields:
        The time of the day, the calls sent so far, and the result so far: after each minute that has calls.
    """
    result = DayResult()
    sent = 0
    own = local()

    with ExitStack() as connections, ThreadPoolExecutor(GATEWAYS) as pool:

        def gateway() -> Gateway:
            """Return this thread's connection."""
            if not hasattr(own, "gateway"):
                own.gateway = connections.enter_context(Gateway(url))
            made: Gateway = own.gateway
            return made

        for minute, group in groupby(calls, key=lambda call: call.at.replace(second=0, microsecond=0)):
            asked = list(group)
            set_clock(minute)
            numbered = [(sent + index, call) for index, call in enumerate(asked)]
            answers = list(pool.map(lambda item: gateway().decide(_request(*item)), numbered))
            sent += len(asked)
            events = _note_answers(result, organization, numbered, answers)
            if events:
                _note_settled(result, gateway().report([event for _, event in events]), [key for key, _ in events])
            outcomes = list(_outcomes(organization, numbered, answers))
            if outcomes:
                gateway().report_outcomes(outcomes)
            yield minute, sent, result


def _request(number: int, call: SimulatedCall) -> dict[str, Any]:
    subject = {"user": call.user, "service_account": call.service_account, "task": call.task}
    return {
        "request_id": f"demo-{number}",
        "subject": {
            **{name: value for name, value in subject.items() if value},
            "environment": call.environment,
        },
        "model": call.model,
        **({"use_case": call.use_case} if call.use_case else {}),
        "input_tokens": call.input_tokens,
        "max_output_tokens": call.max_output_tokens,
        "can": ["substitute", "clamp"],
    }


def _note_answers(
    result: DayResult,
    organization: Organization,
    asked: Iterable[tuple[int, SimulatedCall]],
    answers: Iterable[dict[str, Any]],
) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """Count the answers and return the usage of those that were allowed, each with its department and model."""
    events = []
    for (number, call), answer in zip(asked, answers, strict=True):
        department = _department(organization, call)
        result.runaway += bool(call.service_account)
        if answer["verdict"] == "deny":
            result.summary.denied(department, answer["model"], _cause(answer["reasons"][0]))
            result.refused_runaway += bool(call.service_account)
            result.example = answer["decision_id"] or result.example
            continue
        result.summary.allowed(department, answer["model"], substituted=answer["substituted"])
        result.clamped += answer["clamped"]
        if answer["substituted"]:
            result.substituted_by[_cause(answer["reasons"][0])] += 1
        events.append(((department, answer["model"]), _event(number, call, answer)))
    return events


def _event(number: int, call: SimulatedCall, answer: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "source": "demo",
        "event_id": f"call-{number}",
        "decision_id": answer["decision_id"],
        "model": answer["model"],
        "status": "error" if call.failed else "ok",
    }
    if not call.failed:
        event["usage"] = {
            "input_tokens": call.input_tokens,
            "cached_input_tokens": call.cached_input_tokens,
            "output_tokens": min(call.output_tokens, answer["max_output_tokens"]),
        }
    return event


def _outcomes(
    organization: Organization, asked: Iterable[tuple[int, SimulatedCall]], answers: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield what came of the calls, for use cases that say what an outcome is."""
    for (number, call), answer in zip(asked, answers, strict=True):
        use_case = organization.use_cases.get(call.use_case)
        if use_case is None or not use_case.outcome or answer["verdict"] == "deny" or call.failed:
            continue
        if number % CALLS_PER_OUTCOME == 0:
            yield {"use_case": use_case.name, "source": "demo", "event_id": f"call-{number}"}


def _note_settled(result: DayResult, answer: dict[str, Any], whose: list[tuple[str, str]]) -> None:
    for (department, model), event in zip(whose, answer["events"], strict=True):
        tokens = event["tokens"] or {}
        result.summary.settled(
            department,
            model,
            nano_from_text(event["cost_usd"]),
            tokens.get("input_tokens", 0),
            tokens.get("output_tokens", 0),
        )


def _cause(reason: dict[str, Any]) -> str:
    """Return the policy that a reason names, else what it is about."""
    cause: str = reason["policy"] or reason["code"]
    return cause


def _department(organization: Organization, call: SimulatedCall) -> str:
    account = organization.service_accounts.get(call.service_account)
    return (account or organization.people[call.user]).placement(call.at).department
