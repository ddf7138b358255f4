"""The grants of a test suite: from what is written to values, with every problem at its place."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec import UnsetType

from governor.compiler.build.reader import Reader
from governor.compiler.instants import read_instant
from governor.compiler.quantities import Amount, parse_amount, parse_money, parse_tokens
from governor.compiler.shapes.suites import GrantShape
from governor.compiler.source import Path
from governor.core.decisions.suites import GivenGrant
from governor.core.grants import LIFTED_KINDS, Grant, GrantKind, UnitAmount
from governor.core.units import Unit

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def read_grants(shapes: Sequence[GrantShape], path: Path, reader: Reader, first: int) -> list[GivenGrant]:
    """Read grants; they are numbered from ``first`` on, and the earlier of two is the older one."""
    return [_grant(shape, (*path, index), reader, first + index) for index, shape in enumerate(shapes)]


def _grant(shape: GrantShape, path: Path, reader: Reader, number: int) -> GivenGrant:
    if not shape.for_:
        reader.add("missing-field", "the grant is for nobody", (*path, "for"), hint="write for: {team: growth}")
    until = read_instant(shape.until, (*path, "until"), reader)
    grant = Grant(
        id=str(UUID(int=number)),
        exception_id=f"given-{number}",
        kind=_kind(shape, path, reader),
        scope=tuple(shape.for_.items()),
        lifts=tuple(shape.lifts),
        amount_nano_usd=reader.read(parse_money, shape.amount, (*path, "amount"), 1),
        starts_at=read_instant(shape.from_, (*path, "from"), reader) or LONG_AGO,
        ends_at=until or LONG_AGO,
        issued_at=LONG_AGO,
        models=tuple(shape.models),
        input_tokens_max=reader.maybe(parse_tokens, shape.max_input, (*path, "max_input")),
        output_tokens_max=reader.maybe(parse_tokens, shape.max_output, (*path, "max_output")),
        total_tokens_max=reader.maybe(parse_tokens, shape.max_total, (*path, "max_total")),
        amounts=tuple(_amount(policy, text, path, reader) for policy, text in shape.amounts.items()),
    )
    return GivenGrant(grant, reader.maybe(parse_money, shape.used, (*path, "used")) or 0)


def _kind(shape: GrantShape, path: Path, reader: Reader) -> GrantKind:
    """Return the kind that may lift all of what is lifted."""
    named = {ref.partition("/")[0] for ref in shape.lifts}
    for kind, kinds in LIFTED_KINDS.items():
        if named <= kinds:
            _check_fields(kind, shape, path, reader)
            return kind
    message = f"one grant does not lift {' and '.join(sorted(named))}"
    reader.add("wrong-value", message, (*path, "lifts"), hint="write quotas, allowlists, or context limits")
    return GrantKind.BUDGET


def _check_fields(kind: GrantKind, shape: GrantShape, path: Path, reader: Reader) -> None:
    """What a grant of this kind does not need would be an expectation that nothing meets."""
    most = [shape.max_input, shape.max_output, shape.max_total]
    given = {
        GrantKind.MODEL: bool(shape.models),
        GrantKind.CONTEXT: any(not isinstance(text, UnsetType) for text in most),
        GrantKind.BUDGET: bool(shape.amounts),
    }
    needed = {GrantKind.MODEL: "models", GrantKind.CONTEXT: "max_input, max_output or max_total"}
    if kind in needed and not given[kind]:
        message = f"a grant that lifts {shape.lifts[0]} says {needed[kind]}"
        reader.add("missing-field", message, path, hint="say what it gives")
    for other, is_given in given.items():
        if is_given and other is not kind:
            message = f"`{_FIELDS[other]}` belongs to a grant that lifts {_LIFTED[other]}"
            reader.add("wrong-value", message, (*path, "lifts"), hint="write two grants")


_FIELDS = {GrantKind.MODEL: "models", GrantKind.CONTEXT: "max_...", GrantKind.BUDGET: "amounts"}
_LIFTED = {GrantKind.MODEL: "allowlists", GrantKind.CONTEXT: "context limits", GrantKind.BUDGET: "quotas"}


def _amount(policy: str, text: str, path: Path, reader: Reader) -> UnitAmount:
    amount = reader.read(parse_amount, text, (*path, "amounts", policy), Amount(1, Unit.TOKENS))
    return UnitAmount(policy, amount.unit, amount.amount)
