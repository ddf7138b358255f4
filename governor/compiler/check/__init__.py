"""Questions about a whole folder: names, references, prices, scopes, sums."""

from datetime import datetime

from governor.compiler.build.policy_set import Built
from governor.compiler.check.alerts import check_alerts
from governor.compiler.check.allocation import check_allocation
from governor.compiler.check.approvals import check_approvals
from governor.compiler.check.calendar import check_calendar
from governor.compiler.check.ceilings import check_ceilings
from governor.compiler.check.containment import check_containment
from governor.compiler.check.limit_scopes import check_limit_scopes
from governor.compiler.check.lineage import check_lineage
from governor.compiler.check.people import check_people
from governor.compiler.check.priced_models import check_models
from governor.compiler.check.selectors import check_selectors
from governor.compiler.check.use_cases import check_use_cases
from governor.compiler.problems import Problems
from governor.core.decisions.snapshot import Catalogues


def check_folder(built: Built, now: datetime, catalogues: Catalogues, problems: Problems) -> None:
    """Ask every question about a folder, and add the answers as problems.

    Args:
        built: All values of the folder.
        now: For dates and prices.
        catalogues: For models and prices that the folder does not list.
        problems: Takes the answers.
    """
    check_lineage(built, problems)
    check_limit_scopes(built, problems)
    check_ceilings(built, problems)
    check_people(built, problems)
    check_selectors(built, problems)
    check_use_cases(built, problems)
    check_models(built, now, catalogues, problems)
    check_approvals(built, now, problems)
    check_alerts(built, now, problems)
    check_allocation(built, now, problems)
    check_containment(built, problems)
    check_calendar(built, now, problems)
