"""All documents of a folder to one PolicySet: the Organization first, because dates need its zone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from posixpath import dirname, normpath
from posixpath import join as join_path
from typing import TypeVar

from governor.compiler.build.approvals import build_approval_rule
from governor.compiler.build.forecasts import build_forecast_rule
from governor.compiler.build.header import Models, build_header
from governor.compiler.build.limits import build_allowlist, build_context_limit
from governor.compiler.build.models import build_models
from governor.compiler.build.organization import build_organization, time_zone_of
from governor.compiler.build.people import Listed, people_of_csv, people_of_document
from governor.compiler.build.prices import build_prices
from governor.compiler.build.quota import build_quota
from governor.compiler.build.reader import Reader, source_of
from governor.compiler.build.routing import build_routing
from governor.compiler.build.use_cases import build_use_cases
from governor.compiler.folder import Folder, add_to_digest, as_text, read_file
from governor.compiler.problems import Problem, Problems
from governor.compiler.shapes import kind_of
from governor.compiler.shapes.approvals import ApprovalRuleShape
from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.forecasts import ForecastRuleShape
from governor.compiler.shapes.limits import ContextLimitShape, ModelAllowlistShape
from governor.compiler.shapes.models import ModelCatalogShape
from governor.compiler.shapes.organization import OrganizationShape, PeopleFileShape
from governor.compiler.shapes.prices import PriceBookShape
from governor.compiler.shapes.quota import QuotaShape
from governor.compiler.shapes.routing import RoutingShape
from governor.compiler.shapes.use_cases import UseCaseShape
from governor.compiler.source import Document
from governor.core.decisions.snapshot import Catalogues, PolicySet
from governor.core.policy.header import Header, Source
from governor.core.policy.use_case_lineage import trace_use_cases, with_use_cases

Shaped = Sequence[tuple[Envelope, Document]]
S = TypeVar("S", bound=Envelope)

_NO_ORGANIZATION = OrganizationShape(api_version="governor/v1", name="none")


@dataclass(frozen=True, slots=True)
class Built:
    """Everything a folder says, before the questions about the whole.

    Attributes:
        policies: The values of the core.
        files: Text of every file that was read, CSV files included.
        documents: The document of each policy, by the source in its header.
        retires_on: Day of retirement by canonical model id.
    """

    policies: PolicySet
    files: Mapping[str, str]
    documents: Mapping[Source, Document]
    retires_on: Mapping[str, date]


def build_policy_set(shaped: Shaped, folder: Folder, problems: Problems, catalogues: Catalogues) -> Built | None:
    """Build everything; None without an Organization, because nothing can be dated without its zone.

    What the other documents say wrongly is told all the same: one typo in the Organization hides nothing.

    Args:
        shaped: Documents of the right shape, in file order.
        folder: For CSV files, and the version.
        problems: Takes what is wrong.
        catalogues: The price catalogue.
    """
    organization_at = _the_organization(shaped, problems)
    if not shaped:
        return None
    shape, document = organization_at or (_NO_ORGANIZATION, shaped[0][1])
    time_zone = time_zone_of(shape, Reader(document, problems))

    def of_kind(kind: type[S]) -> list[tuple[S, Reader]]:
        return [(item, Reader(at, problems, time_zone)) for item, at in shaped if isinstance(item, kind)]

    reader = Reader(document, problems, time_zone)
    listed, files, version = _people(shape, reader, folder)
    organization = build_organization(shape, reader, listed, build_use_cases(of_kind(UseCaseShape)))
    built_models = build_models(of_kind(ModelCatalogShape), catalogues.models)
    models = Models(built_models.catalog, catalogues.models)
    prices = build_prices(of_kind(PriceBookShape), models)
    allowlists = [build_allowlist(item, at, models) for item, at in of_kind(ModelAllowlistShape)]
    context_limits = [build_context_limit(item, at, models) for item, at in of_kind(ContextLimitShape)]
    quotas = [build_quota(item, at, models, organization) for item, at in of_kind(QuotaShape)]
    roots = trace_use_cases(organization.use_cases.values(), {}, version)
    approval_rules = [build_approval_rule(item, at, models) for item, at in of_kind(ApprovalRuleShape)]
    forecast_rules = [build_forecast_rule(item, at, models) for item, at in of_kind(ForecastRuleShape)]
    routings = [build_routing(item, at, models) for item, at in of_kind(RoutingShape)]
    plain = [
        build_header(kind_of(item), item, at)
        for kind in (OrganizationShape, ModelCatalogShape, PriceBookShape, UseCaseShape)
        for item, at in of_kind(kind)
    ]
    rules: list[Header] = [policy.header for policy in allowlists]
    rules += [policy.header for policy in context_limits]
    rules += [policy.header for policy in quotas]
    rules += [policy.header for policy in routings]
    rules += [policy.header for policy in approval_rules]
    rules += [policy.header for policy in forecast_rules]
    policies = PolicySet(
        version=version,
        organization=organization,
        catalog=built_models.catalog,
        prices=prices,
        allowlists=tuple(allowlists),
        context_limits=tuple(context_limits),
        quotas=with_use_cases(quotas, roots, organization.former_use_cases),
        routings=tuple(routings),
        approval_rules=tuple(approval_rules),
        forecast_rules=tuple(forecast_rules),
        headers=(*plain, *rules),
    )
    _refuse_duplicates(shaped, problems)
    documents = {source_of(document): document for _, document in shaped}
    return Built(policies, files, documents, built_models.retires_on) if organization_at else None


def _the_organization(shaped: Shaped, problems: Problems) -> tuple[OrganizationShape, Document] | None:
    found = [(shape, document) for shape, document in shaped if isinstance(shape, OrganizationShape)]
    for _, document in found[1:]:
        first = found[0][1]
        message = f"there is another Organization in {first.file}:{first.position.line}"
        problems.add(document.problem("many-organizations", message, hint="keep one of them"))
    if not found and not problems.fatal:
        message = "the folder has no Organization"
        problems.add(Problem("", 1, 1, "no-organization", message, "write a document of kind: Organization"))
    return found[0] if found else None


def _people(shape: OrganizationShape, reader: Reader, folder: Folder) -> tuple[list[Listed], dict[str, str], str]:
    """Return the people, and files and version of the folder with their CSV file."""
    files = dict(folder.files)
    if not isinstance(shape.people, PeopleFileShape):
        return list(people_of_document(shape.people, reader)), files, folder.version
    name = normpath(join_path(dirname(reader.document.file), shape.people.csv))
    if name.startswith(("..", "/")):
        hint = "keep every file of the policies inside the folder"
        reader.add("outside-folder", f"`{shape.people.csv[:60]}` leaves the folder", ("people", "csv"), hint=hint)
        return [], files, folder.version
    read = Problems()
    data = read_file(folder.root, name, read)
    for problem in read.found:
        reader.add(problem.code, f"`{name[:60]}`: {problem.message}", ("people", "csv"), hint=problem.hint)
    if data is None:
        return [], files, folder.version
    text = as_text(name, data, reader.problems)
    if text is None:
        return [], files, folder.version
    files[name] = text
    digest = hashlib.sha256(folder.version.encode())
    add_to_digest(digest, name, data)
    return list(people_of_csv(name, text, reader.problems)), files, digest.hexdigest()


def _refuse_duplicates(shaped: Shaped, problems: Problems) -> None:
    """A name is used once in its kind."""
    found: dict[str, Document] = {}
    for shape, document in shaped:
        kind = kind_of(shape)
        reference = f"{kind}/{shape.name}"
        other = found.setdefault(reference, document)
        if other is not document and kind != "Organization":
            message = f"the {kind} `{shape.name}` is already in {other.file}:{other.position.line}"
            problems.add(document.problem("duplicate-name", message, ("name",), hint="give one of them another name"))
