"""The files that a new policy repository begins with."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from governor import __version__
from governor.compiler.schema import schema_files

STARTER = Path(__file__).with_name("starter")


class Ci(StrEnum):
    """Whose checks are set up."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


_POLICIES = ("organization.yaml", "models.yaml", "prices.yaml", "quotas.yaml", "company.test.yaml")
_CI_FILES: Mapping[Ci, tuple[tuple[str, str], ...]] = {
    Ci.GITHUB: (("CODEOWNERS.github", "CODEOWNERS"), ("github.yml", ".github/workflows/policies.yml")),
    Ci.GITLAB: (("CODEOWNERS.gitlab", "CODEOWNERS"), ("gitlab.yml", ".gitlab-ci.yml")),
    Ci.NONE: (("CODEOWNERS.github", "CODEOWNERS"),),
}
_BY_FILE = """finance approves budgets and prices, technology models (`CODEOWNERS`), the
checks pass, and the plan stands in a comment. To ask both for every change, give `main` a ruleset that requires a pull
request with *required reviewers*: one approval of {{finance}} and one of {{technology}} for `policies/**`; policies may
stand in any file."""
_AGREEMENTS: Mapping[Ci, str] = {
    Ci.GITHUB: _BY_FILE,
    Ci.GITLAB: """finance and technology both approve (`CODEOWNERS`), the checks pass, and the plan
stands in a comment.""",
    Ci.NONE: _BY_FILE,
}
"""Who agrees to a change: GitLab can ask two owners of one file, GitHub's code owners cannot."""


def starter_files(
    *, name: str, domain: str, time_zone: str, finance: str, technology: str, ci: Ci, repository: str
) -> dict[str, str]:
    """Return the text of every file by its path.

    Args:
        name: The organisation's, as policies write names.
        domain: Of the e-mail addresses of its people.
        time_zone: In which its books are closed.
        finance: Who owns budgets, as code owners are written: ``@acme/finance``.
        technology: Who owns models.
        ci: Whose checks are set up.
        repository: Where Governor itself is: ``https://github.com/owner/name``.
    """
    words = {
        # First, because it has words of the others.
        "agreement": _AGREEMENTS[ci],
        "name": name,
        "domain": domain,
        "time_zone": time_zone,
        "finance": finance,
        "finance_email": f"finance@{domain}",
        "technology": technology,
        "repository": repository,
        "revision": f"v{__version__}",
        "action": f"{repository.removeprefix('https://github.com/')}@v{__version__}",
        "template": f"{repository}/raw/v{__version__}/deploy/gitlab/policies.gitlab-ci.yml",
    }
    sources = {f"policies/{each}": f"policies/{each}" for each in _POLICIES}
    sources |= {"pre-commit.yaml": ".pre-commit-config.yaml", "README.md": "README.md"}
    sources |= dict(_CI_FILES[ci])
    files = {place: _filled(STARTER / source, words) for source, place in sources.items()}
    return files | {f"schemas/{each}": text for each, text in schema_files().items()}


def _filled(template: Path, words: Mapping[str, Any]) -> str:
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace("{{" + word + "}}", value)
    return text
