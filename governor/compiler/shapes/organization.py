"""The Organization as it is written: calendar, departments, people, service accounts, groups."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import Day, Duration, MonthDay, Name, Shape, Text, TimeZone, User
from governor.compiler.shapes.working_time import HolidaysShape, WorkingHoursShape


class TeamShape(Shape, kw_only=True):
    """A team of a department, or where a team moves: the same team listed again in another department with a `from`."""

    name: Annotated[Name, Meta(description="The team's name, unique in the organisation.", examples=["platform"])]
    leads: Annotated[
        list[User] | UnsetType,
        Meta(
            description="Users who lead the team; absent: nobody, or after a move whoever did before.",
            examples=[["eve@acme.example"]],
        ),
    ] = UNSET
    cost_centre: Annotated[
        Text | UnsetType,
        Meta(
            description="The team's own cost centre, in quotes; absent: the department's, or after a move its own of "
            "before.",
            examples=["4110"],
        ),
    ] = UNSET
    from_: Annotated[
        Day | UnsetType,
        Meta(
            description="The first day in this department, from midnight in the Organization's time zone. A team that "
            "moves is listed again, in its new department, with the date of the move; its people and service accounts "
            "go along.",
            examples=["2027-01-01"],
        ),
    ] = field(default=UNSET, name="from")


class ProjectShape(Shape, kw_only=True):
    """A project of a department."""

    name: Annotated[Name, Meta(description="The project's name, as requests give it.", examples=["doc-review"])]


class DepartmentShape(Shape, kw_only=True):
    """A department."""

    name: Annotated[Name, Meta(description="The department's name, unique.", examples=["engineering"])]
    cost_centre: Annotated[
        Text | UnsetType, Meta(description="The department's cost centre, in quotes.", examples=["4100"])
    ] = UNSET
    leads: Annotated[
        list[User], Meta(description="Users who lead the department.", examples=[["eve@acme.example"]])
    ] = field(default_factory=list)
    teams: Annotated[
        list[TeamShape], Meta(description="The department's teams.", examples=[[{"name": "platform"}]])
    ] = field(default_factory=list)
    projects: Annotated[
        list[ProjectShape], Meta(description="The department's projects.", examples=[[{"name": "doc-review"}]])
    ] = field(default_factory=list)


class PersonShape(Shape, kw_only=True):
    """A person, or one of the placements of a person who moves: the same user listed again with a later `from`."""

    user: Annotated[
        User, Meta(description="The canonical user name; upper and lower case are one.", examples=["eve@acme.example"])
    ]
    kind: Annotated[
        Literal["employee", "contractor", "agent", "guest"],
        Meta(description="What the user is.", examples=["contractor"]),
    ] = "employee"
    team: Annotated[
        Name | UnsetType, Meta(description="The home team; its department is the person's.", examples=["platform"])
    ] = UNSET
    teams: Annotated[
        list[Name],
        Meta(description="Teams that the person may name; the first is home.", examples=[["platform", "search"]]),
    ] = field(default_factory=list)
    department: Annotated[
        Name | UnsetType,
        Meta(description="The department; needed for people without a team.", examples=["engineering"]),
    ] = UNSET
    ids: Annotated[
        list[User],
        Meta(description="What gateways and the identity provider call this user.", examples=[["eve", "00u1eve"]]),
    ] = field(default_factory=list)
    slack: Annotated[Text | UnsetType, Meta(description="The Slack member id.", examples=["U0EVE"])] = UNSET
    sponsor: Annotated[
        User | UnsetType,
        Meta(description="Who answers for a contractor, an agent or a guest.", examples=["eve@acme.example"]),
    ] = UNSET
    from_: Annotated[
        Day | UnsetType,
        Meta(
            description="The first day of this placement, from midnight in the Organization's time zone. A person who "
            "moves is listed again with the date of the move.",
            examples=["2026-10-01"],
        ),
    ] = field(default=UNSET, name="from")
    until: Annotated[
        Day | UnsetType,
        Meta(description="The last day on which the person is one of us, to its end.", examples=["2027-03-31"]),
    ] = UNSET


class PeopleFileShape(Shape, kw_only=True):
    """People in a CSV file beside the policies."""

    csv: Annotated[
        Text,
        Meta(
            description="Path of a CSV file, relative to this file, with the columns user, kind, team, teams, "
            "department, ids, slack, sponsor, from, until; several teams or ids are separated by `;`.",
            examples=["people.csv"],
        ),
    ]


class ServiceAccountShape(Shape, kw_only=True):
    """A machine identity with an owner."""

    name: Annotated[Name, Meta(description="The account's name, unique.", examples=["triage-bot"])]
    owner: Annotated[User, Meta(description="The person who answers for it.", examples=["eve@acme.example"])]
    team: Annotated[
        Name | UnsetType, Meta(description="The team that its use is counted for.", examples=["platform"])
    ] = UNSET
    department: Annotated[
        Name | UnsetType, Meta(description="The department, if it belongs to no team.", examples=["engineering"])
    ] = UNSET
    project: Annotated[Name | UnsetType, Meta(description="The project of its requests.", examples=["doc-review"])] = (
        UNSET
    )
    use_case: Annotated[
        Name | UnsetType, Meta(description="The use case of its requests.", examples=["support-triage"])
    ] = UNSET
    until: Annotated[
        Day | UnsetType, Meta(description="The last day on which it is valid, to its end.", examples=["2027-03-31"])
    ] = UNSET


class GroupShape(Shape, kw_only=True):
    """A named group of people."""

    name: Annotated[Name, Meta(description="The group's name, unique.", examples=["governance-board"])]
    members: Annotated[list[User], Meta(description="Users in the group.", examples=[["eve@acme.example"]])]


class CanStopShape(Shape, kw_only=True):
    """Who may block a user, service account, key, team, use case or model at once, beside admins."""

    group: Annotated[Name, Meta(description="One of the groups.", examples=["sre-oncall"])]
    for_: Annotated[Duration, Meta(description="How long their blocks may last at most.", examples=["4 hours"])] = (
        field(name="for")
    )


class UnknownUsersShape(Shape, kw_only=True):
    """Where users whom the organisation does not list are placed; they share one scope."""

    department: Annotated[Name, Meta(description="The department of unknown users.", examples=["guests"])]
    team: Annotated[Name | UnsetType, Meta(description="The team of unknown users.", examples=["guests"])] = UNSET


class OrganizationShape(Envelope, kw_only=True, tag_field="kind", tag="Organization"):
    """Who people are, what the calendar is, and what happens to what is not known. Exactly one in a folder."""

    currency: Annotated[Literal["USD"], Meta(description="Money is USD in this version.", examples=["USD"])] = "USD"
    time_zone: Annotated[
        TimeZone, Meta(description="The zone of all dates and periods that name none.", examples=["Europe/Berlin"])
    ] = "UTC"
    fiscal_year_start: Annotated[
        MonthDay, Meta(description="Month and day on which the fiscal year begins.", examples=["04-01"])
    ] = "01-01"
    week_starts: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Meta(description="The day on which weekly budgets begin.", examples=["sunday"]),
    ] = "monday"
    working_hours: Annotated[
        WorkingHoursShape | UnsetType,
        Meta(
            description="When people work; absent: Monday to Friday from 9 to 18.",
            examples=[{"days": "mon-fri", "from": "09:00", "until": "18:00"}],
        ),
    ] = UNSET
    holidays: Annotated[
        HolidaysShape | list[Day] | UnsetType,
        Meta(
            description="Days on which nobody works: a country's, or a list of dates; absent: none.",
            examples=[{"country": "DE", "subdivision": "BE"}, ["2026-12-24", "2026-12-25"]],
        ),
    ] = UNSET
    environments: Annotated[
        list[Name],
        Meta(
            description="The environments; a request from any other is denied.",
            examples=[["prod", "staging", "dev"]],
            min_length=1,
        ),
    ] = field(default_factory=lambda: ["prod"])
    default_environment: Annotated[
        Name | UnsetType,
        Meta(description="The environment of a request that names none; absent: the first.", examples=["prod"]),
    ] = UNSET
    unknown_users: Annotated[
        Literal["deny"] | UnknownUsersShape,
        Meta(
            description="What happens to users who are not listed: refused, or placed together.",
            examples=["deny", {"department": "guests", "team": "guests"}],
        ),
    ] = "deny"
    on_mismatch: Annotated[
        Literal["deny", "warn"],
        Meta(
            description="A gateway claims a team or department that is not the user's, or a project or use case that "
            "is not the service account's.",
            examples=["warn"],
        ),
    ] = "deny"
    client_asserted: Annotated[
        Literal["ignore", "deny", "accept"],
        Meta(
            description="A gateway only passes on who asks from its client (`asserted_by: client`): nothing of it "
            "counts, the request is refused, or it counts as if the gateway vouched for it.",
            examples=["deny"],
        ),
    ] = "ignore"
    unlisted: Annotated[
        Literal["deny", "allow"], Meta(description="A request that no ModelAllowlist applies to.", examples=["allow"])
    ] = "deny"
    unknown_model: Annotated[
        Literal["deny", "warn", "allow"],
        Meta(description="A model that neither a ModelCatalog nor the price catalogue knows.", examples=["warn"]),
    ] = "deny"
    unregistered_use_case: Annotated[
        Literal["deny", "warn", "allow"],
        Meta(
            description="A request for a use case without a UseCase. One that is retired is refused where this denies, "
            "else pointed out.",
            examples=["warn"],
        ),
    ] = "allow"
    departments: Annotated[
        list[DepartmentShape],
        Meta(
            description="The departments with their teams.", examples=[[{"name": "engineering", "cost_centre": "4100"}]]
        ),
    ] = field(default_factory=list)
    people: Annotated[
        list[PersonShape] | PeopleFileShape,
        Meta(
            description="Everybody, or where they are listed.",
            examples=[[{"user": "eve@acme.example", "team": "platform"}], {"csv": "people.csv"}],
        ),
    ] = field(default_factory=list)
    service_accounts: Annotated[
        list[ServiceAccountShape],
        Meta(
            description="Machine identities.",
            examples=[[{"name": "triage-bot", "owner": "eve@acme.example", "team": "platform"}]],
        ),
    ] = field(default_factory=list)
    groups: Annotated[
        list[GroupShape],
        Meta(
            description="Groups of people.", examples=[[{"name": "governance-board", "members": ["eve@acme.example"]}]]
        ),
    ] = field(default_factory=list)
    can_stop: Annotated[
        CanStopShape | UnsetType,
        Meta(
            description="Who may block a user, service account, key, team, use case or model at once; absent: admins "
            "alone.",
            examples=[{"group": "sre-oncall", "for": "4 hours"}],
        ),
    ] = UNSET
