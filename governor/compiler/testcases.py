"""Test suites of a policy folder (``*.test.yaml``) to values, with every problem at its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import UnsetType, structs

from governor.compiler.build.reader import Reader, source_of
from governor.compiler.folder import as_text, read_file, suite_names
from governor.compiler.given_grants import read_grants
from governor.compiler.instants import read_instant
from governor.compiler.problems import Problem, Problems, TooManyProblemsError
from governor.compiler.quantities import Amount, parse_amount
from governor.compiler.shape import test_shape_of
from governor.compiler.shapes.suites import CaseShape, ExpectShape, GivenShape, RequestShape, TestSuiteShape, UsedShape
from governor.compiler.source import Path as FieldPath
from governor.compiler.source import read_documents
from governor.core.decisions.request import Ability, AssertedBy, DecideRequest, Operation, Subject
from governor.core.decisions.suites import Case, Given, Suite
from governor.core.units import Unit


@dataclass(frozen=True, slots=True)
class Suites:
    """The suites of a folder, and what is wrong with them; with any problem none should be run."""

    suites: tuple[Suite, ...]
    problems: tuple[Problem, ...]


def read_suites(folder: Path) -> Suites:
    """Read every test suite below a folder.

    A case that states nothing, a suite without cases and two suites of one name are problems: a test that cannot fail
    is none.
    """
    problems = Problems()
    suites: dict[str, Suite] = {}
    try:
        _read(folder, suites, problems)
    except TooManyProblemsError as error:
        problems.found.append(Problem("", 1, 1, error.code, error.message, "mend these first"))
    return Suites(tuple(suites.values()), problems.sorted())


def _read(folder: Path, suites: dict[str, Suite], problems: Problems) -> None:
    for name in sorted(suite_names(folder, problems)):
        data = read_file(folder, name, problems)
        text = as_text(name, data, problems) if data is not None else None
        for document in read_documents(name, text, problems) if text is not None else ():
            shape = test_shape_of(document, problems)
            if shape is None:
                continue
            reader = Reader(document, problems)
            if shape.name in suites:
                reader.add("duplicate-name", f"there is another suite `{shape.name}`", ("name",), hint="rename one")
            suites[shape.name] = _suite(shape, reader)


def _suite(shape: TestSuiteShape, reader: Reader) -> Suite:
    if not shape.cases:
        reader.add(
            "missing-field", "a suite without cases proves nothing", ("cases",), hint="write a case, or remove it"
        )
    cases = tuple(_case(case, shape.given, reader, index) for index, case in enumerate(shape.cases))
    description = "" if isinstance(shape.description, UnsetType) else shape.description
    return Suite(shape.name, cases, source_of(reader.document), description)


def _case(shape: CaseShape, common: GivenShape, reader: Reader, index: int) -> Case:
    path: FieldPath = ("cases", index)
    expected = _stated(shape.expect)
    if not expected:
        message = "this case states nothing, so it cannot fail"
        reader.add("missing-field", message, (*path, "expect"), hint="write verdict: deny")
    own = shape.given
    now = read_instant(own.now, (*path, "given", "now"), reader) or read_instant(common.now, ("given", "now"), reader)
    if now is None:
        message = "a case needs the instant of its request: periods, prices and dates depend on it"
        reader.add("missing-field", message, path, hint="write given: {now: 2026-11-20T09:00:00Z} in the suite")
    if not (shape.request.user or shape.request.service_account):
        message = "nobody asks"
        reader.add("missing-field", message, (*path, "request"), hint="name a user or a service_account")
    return Case(
        name=shape.name,
        now=now or datetime.fromtimestamp(0, UTC),
        givens=(
            *_givens(common.used, ("given", "used"), reader),
            *_givens(own.used, (*path, "given", "used"), reader),
        ),
        request=_request(shape.request, f"{reader.document.file}#{index}"),
        expected=expected,
        source=reader.source((*path, "name")),
        grants=(
            *read_grants(common.grants, ("given", "grants"), reader, 1),
            *read_grants(own.grants, (*path, "given", "grants"), reader, 1 + len(common.grants)),
        ),
    )


def _stated(shape: ExpectShape) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(shape).items() if not isinstance(value, UnsetType)}


def _givens(shapes: Sequence[UsedShape], path: FieldPath, reader: Reader) -> list[Given]:
    return [_given(shape, (*path, index), reader) for index, shape in enumerate(shapes)]


def _given(shape: UsedShape, path: FieldPath, reader: Reader) -> Given:
    used = reader.read(parse_amount, shape.used, (*path, "used"), Amount(0, Unit.USD))
    held = reader.maybe(parse_amount, shape.held, (*path, "held")) or Amount(0, used.unit)
    if held.unit is not used.unit:
        reader.add("wrong-unit", "`held` and `used` have different units", (*path, "held"), hint="use one unit")
    return Given(
        quota=shape.quota.removeprefix("Quota/"),
        unit=used.unit,
        used=used.amount,
        held=held.amount,
        scope=None if isinstance(shape.scope, UnsetType) else shape.scope,
        at=read_instant(shape.at, (*path, "at"), reader),
    )


def _request(shape: RequestShape, request_id: str) -> DecideRequest:
    def count(value: int | UnsetType) -> int | None:
        return None if isinstance(value, UnsetType) else value

    return DecideRequest(
        request_id=request_id,
        subject=Subject(
            user=shape.user,
            service_account=shape.service_account,
            team=shape.team,
            department=shape.department,
            project=shape.project,
            environment=shape.environment,
            task=shape.task,
            asserted_by=AssertedBy(shape.asserted_by),
        ),
        model=shape.model,
        provider=shape.provider,
        operation=Operation(shape.operation),
        use_case=shape.use_case,
        input_tokens=count(shape.input_tokens),
        input_bytes=count(shape.input_bytes),
        max_output_tokens=count(shape.max_output_tokens),
        n=shape.n,
        units=shape.units,
        requests=count(shape.requests),
        can=frozenset(Ability(word) for word in shape.can),
        tags=shape.tags,
    )
