"""People, from the Organization document or from a CSV file, to core values."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
from msgspec import UnsetType

from governor.compiler.build.departments import elsewhere, placements_in
from governor.compiler.build.reader import Reader, given, midnight
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.quantities import QuantityError, parse_date
from governor.compiler.shapes.organization import PersonShape
from governor.core.policy.organization import Department, Person, PersonKind, Placement, Team

COLUMNS = ("user", "kind", "team", "teams", "department", "ids", "slack", "sponsor", "from", "until")
_LISTS = frozenset({"teams", "ids"})
PEOPLE_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as written, and where: ``at(field)`` gives file, line and column of a field."""

    shape: PersonShape
    at: Callable[[str], tuple[str, int, int]]


@dataclass(slots=True)
class _Draft:
    """What is known of a user while the rows are read."""

    first: Listed
    rows: list[Listed] = field(default_factory=list)


def people_of_document(shapes: Iterable[PersonShape], reader: Reader) -> Iterator[Listed]:
    """Return people who are listed in the Organization itself."""
    for index, shape in enumerate(shapes):

        def at(name: str, index: int = index) -> tuple[str, int, int]:
            place = reader.document.locate(("people", index, name) if name else ("people", index))
            return reader.document.file, place.line, place.column

        yield Listed(shape, at)


def people_of_csv(file: str, text: str, problems: Problems) -> Iterator[Listed]:
    """Return the people of a CSV file with a header line; several teams or ids are separated by ``;``."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if not _good_header(file, header, problems):
            return
        for row in rows:
            if rows.line_num > PEOPLE_MAX:
                problems.add(Problem(file, rows.line_num, 1, "too-large", f"at most {PEOPLE_MAX:,} people"))
                return
            if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                continue
            listed = _row(file, rows.line_num, header, row, problems)
            if listed is not None:
                yield listed
    except csv.Error as error:
        problems.add(Problem(file, rows.line_num, 1, "wrong-csv", f"the line is not CSV: {error}", "check its quotes"))


def _good_header(file: str, header: list[str], problems: Problems) -> bool:
    before = len(problems.found)
    for column, name in enumerate(header):
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS) or f"the columns are {', '.join(COLUMNS)}"
            problems.add(Problem(file, 1, column + 1, "wrong-csv", f"`{name[:40]}` is not a column of people", hint))
        elif header.index(name) != column:
            problems.add(Problem(file, 1, column + 1, "wrong-csv", f"the column `{name}` is there twice", "keep one"))
    if "user" not in header:
        hint = f"the first line names the columns: {', '.join(COLUMNS)}"
        problems.add(Problem(file, 1, 1, "wrong-csv", "the column `user` is missing", hint))
    return len(problems.found) == before


def _row(file: str, line: int, header: list[str], row: list[str], problems: Problems) -> Listed | None:
    if len(row) != len(header):
        message = f"{len(row)} cells where the header has {len(header)}"
        problems.add(Problem(file, line, 1, "wrong-csv", message, "write a comma for each empty cell"))
        return None
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    plain = {
        name: [part.strip() for part in cell.split(";") if part.strip()] if name in _LISTS else cell
        for name, cell in cells.items()
        if cell
    }

    def at(name: str) -> tuple[str, int, int]:
        # A CSV line has no columns that an editor would count: the number of the cell says where to look.
        return file, line, header.index(name) + 1 if name in header else 1

    try:
        return Listed(msgspec.convert(plain, PersonShape), at)
    except msgspec.ValidationError as error:
        name = str(error).rsplit("$.", 1)[-1].split("`")[0].split("[")[0] if "$." in str(error) else ""
        what = (
            f"`{name}`: `{cells.get(name, '')[:60]}` is not what this column needs" if name else "a person needs a user"
        )
        problems.add(Problem(*at(name), "wrong-csv", what, "see people in docs/reference/policies.md"))
        return None


def build_people(
    listed: Iterable[Listed], reader: Reader, teams: dict[str, Team], departments: dict[str, Department]
) -> tuple[dict[str, Person], dict[str, str]]:
    """Build all people, and every name they go by.

    Returns:
        People by canonical user name, and canonical user name by any name, both in lower case.
    """
    drafts: dict[str, _Draft] = {}
    for item in listed:
        user = item.shape.user.lower()
        draft = drafts.setdefault(user, _Draft(item))
        if draft.rows and isinstance(item.shape.from_, UnsetType):
            message = f"the user `{user}` is listed twice"
            _problem(reader, item, "user", "duplicate-name", message, hint="give a move its date in `from`")
        draft.rows.append(item)
    builder = _People(reader, teams, departments)
    people = {user: builder.person(user, draft) for user, draft in drafts.items()}
    return people, _names(drafts, people, reader)


def _names(drafts: dict[str, _Draft], people: dict[str, Person], reader: Reader) -> dict[str, str]:
    names = {user: user for user in people}
    for user, person in people.items():
        for name in person.ids:
            if names.setdefault(name, user) != user:
                message = f"`{name[:60]}` also names `{names[name][:60]}`"
                _problem(reader, drafts[user].first, "ids", "duplicate-name", message, hint="an id names one person")
    _check_slack(drafts, people, reader)
    return names


def _check_slack(drafts: dict[str, _Draft], people: dict[str, Person], reader: Reader) -> None:
    """Refuse a Slack id that two people have at once: neither could be told from the other."""
    holders: dict[str, list[Person]] = {}
    for user, person in people.items():
        for other in holders.get(person.slack, []):
            if person.overlaps(other):
                message = f"the Slack id `{person.slack[:40]}` is also that of `{other.user[:60]}`"
                _problem(reader, drafts[user].first, "slack", "duplicate-name", message, hint="an id names one person")
        if person.slack:
            holders.setdefault(person.slack, []).append(person)


def _problem(reader: Reader, item: Listed, name: str, code: str, message: str, *, hint: str = "") -> None:
    reader.problems.add(Problem(*item.at(name), code, message, hint))


@dataclass(frozen=True, slots=True)
class _People:
    """Builds one person after the other."""

    reader: Reader
    teams: dict[str, Team]
    departments: dict[str, Department]

    def person(self, user: str, draft: _Draft) -> Person:
        """Build one person from all lines about them."""
        first, last = draft.rows[0].shape, draft.rows[-1].shape
        starts = [self._day(row, "from", row.shape.from_) for row in draft.rows]
        ends = [*starts[1:], None]
        placements: list[Placement] = []
        for index, (row, start) in enumerate(zip(draft.rows, starts, strict=True)):
            before = starts[index - 1] if index else None
            if start is not None and before is not None and start <= before:
                message = "a later line has an earlier date"
                _problem(
                    self.reader, row, "from", "wrong-date", message, hint="write moves in the order of their dates"
                )
            stays = self._stays(row, start, ends[index])
            placements += stays if index else (replace(stays[0], from_at=None), *stays[1:])
        names = [team for row in draft.rows for team in _teams_of(row.shape)]
        home_teams = _teams_of(last)
        return Person(
            user=user,
            placements=tuple(placements),
            kind=PersonKind(last.kind),
            teams=tuple(dict.fromkeys((*home_teams, *names))),
            ids=tuple(dict.fromkeys(name.lower() for row in draft.rows for name in row.shape.ids)),
            sponsor=given(last.sponsor, given(first.sponsor, "")).lower(),
            slack=given(last.slack, given(first.slack, "")),
            from_at=starts[0],
            until_at=self._day(draft.rows[-1], "until", last.until, end=True),
        )

    def _stays(self, row: Listed, start: datetime | None, end: datetime | None) -> tuple[Placement, ...]:
        """Return where a line places somebody while it counts; a team that moves takes its people along."""
        shape = row.shape
        names = _teams_of(shape)
        stated = given(shape.department, "")
        for name in names:
            if name not in self.teams:
                column = "team" if name == shape.team else "teams"
                message = f"no department has a team `{name}`"
                _problem(self.reader, row, column, "unknown-reference", message, hint=did_you_mean(name, self.teams))
        if stated and self.departments and stated not in self.departments:
            hint = did_you_mean(stated, self.departments)
            _problem(
                self.reader, row, "department", "unknown-reference", f"there is no department `{stated}`", hint=hint
            )
        home = self.teams.get(names[0]) if names else None
        if home is None:
            if not names and not stated:
                message = f"`{shape.user[:60]}` has neither a team nor a department"
                _problem(self.reader, row, "user", "missing-field", message, hint="write one of them")
            return (Placement(stated, names[0] if names else "", start),)
        stays = placements_in(home, start, end)
        wrong = elsewhere(home, stated, stays)
        if wrong:
            _problem(self.reader, row, "department", "wrong-value", wrong, hint="leave the department out")
        return stays

    def _day(self, row: Listed, name: str, text: str | UnsetType, *, end: bool = False) -> datetime | None:
        if isinstance(text, UnsetType):
            return None
        try:
            day = parse_date(text)
        except QuantityError as error:
            _problem(self.reader, row, name, error.code, error.message, hint=error.hint)
            return None
        return midnight(day + timedelta(days=1) if end else day, self.reader.time_zone)


def _teams_of(shape: PersonShape) -> tuple[str, ...]:
    home = () if isinstance(shape.team, UnsetType) else (shape.team,)
    return tuple(dict.fromkeys((*home, *shape.teams)))
