"""UseCase documents to the organisation's inventory."""

from collections.abc import Sequence

from msgspec import UnsetType

from governor.compiler.build.header import build_header
from governor.compiler.build.reader import Reader, given
from governor.compiler.quantities import parse_cost_per_outcome, parse_money
from governor.compiler.shapes.use_cases import UseCaseShape
from governor.core.policy.use_case import Audience, Stage, UseCase


def build_use_cases(documents: Sequence[tuple[UseCaseShape, Reader]]) -> dict[str, UseCase]:
    """Build the inventory, by name; names that are used twice are found where all kinds are looked at."""
    return {shape.name: _use_case(shape, reader) for shape, reader in documents}


def _use_case(shape: UseCaseShape, reader: Reader) -> UseCase:
    if isinstance(shape.outcome, UnsetType):
        for name in ("outcome_worth", "expected_cost"):
            if not isinstance(getattr(shape, name), UnsetType):
                message = f"`{name}` is about an outcome, and the use case does not say what that is"
                reader.add("missing-field", message, (name,), hint="write outcome: a resolved ticket")
    return UseCase(
        header=build_header("UseCase", shape, reader),
        stage=Stage(shape.stage),
        audience=Audience(shape.audience),
        outcome=given(shape.outcome, ""),
        outcome_worth_nano_usd=reader.maybe(parse_money, shape.outcome_worth, ("outcome_worth",)),
        expected_cost_nano_usd=reader.maybe(parse_cost_per_outcome, shape.expected_cost, ("expected_cost",)),
        cost_centre=given(shape.cost_centre, ""),
    )
