"""One comment on a pull request or merge request, kept up to date: GitHub's and GitLab's REST interfaces.

Source: docs.github.com/rest/issues/comments, docs.gitlab.com/api/notes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx

from governor.core.errors import GovernorError

TIMEOUT_S = 30.0
PER_PAGE = 100
BYTES_MAX = 60_000
"""GitHub takes 65,536 characters."""

_CUT = "\n\n*The rest does not fit into a comment; it stands in the job's output.*"


class ForgeError(GovernorError):
    """The forge did not take the comment."""

    code = "forge"


class Forge(StrEnum):
    """Where pull requests (GitHub) or merge requests (GitLab) live."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Request:
    """A pull request or merge request.

    Attributes:
        api_url: The forge's REST interface: ``https://api.github.com``, ``https://gitlab.com/api/v4``.
        project: ``owner/name`` on GitHub; on GitLab its number or its path.
        number: Of the request within the project.
    """

    forge: Forge
    api_url: str
    project: str
    number: int

    @property
    def comments_url(self) -> str:
        """Where its comments are listed and made."""
        api = self.api_url.rstrip("/")
        if self.forge is Forge.GITHUB:
            return f"{api}/repos/{quote(self.project)}/issues/{self.number}/comments"
        return f"{api}/projects/{quote(self.project, safe='')}/merge_requests/{self.number}/notes"

    def comment_url(self, comment_id: int) -> str:
        """Where one of its comments is changed."""
        if self.forge is Forge.GITHUB:
            return f"{self.api_url.rstrip('/')}/repos/{quote(self.project)}/issues/comments/{comment_id}"
        return f"{self.comments_url}/{comment_id}"


@dataclass(frozen=True, slots=True)
class Kept:
    """The comment: its id, and whether it was there before."""

    comment_id: int
    updated: bool


def keep_comment(request: Request, token: str, text: str, marker: str) -> Kept:
    """Write a comment, or replace the one that an earlier run wrote.

    Args:
        request: Where.
        token: Lets comments be written.
        text: Markdown that begins with the marker; what does not fit is cut at the end of a line.
        marker: How the comment of an earlier run begins.

    Raises:
        ForgeError: If the forge cannot be reached or refuses.
    """
    body = {"body": cut(text)}
    with httpx.Client(headers=_headers(request.forge, token), timeout=TIMEOUT_S) as client:
        for comment in _comments(client, request):
            if str(comment.get("body", "")).startswith(marker):
                known = int(comment["id"])
                change = "PATCH" if request.forge is Forge.GITHUB else "PUT"
                _ask(client, request, change, request.comment_url(known), body)
                return Kept(known, updated=True)
        made = _ask(client, request, "POST", request.comments_url, body)
        return Kept(int(made["id"]), updated=False)


def cut(text: str) -> str:
    """Return a text that every forge takes: as it is, or cut at the end of a line with a word about that."""
    encoded = text.encode()
    if len(encoded) <= BYTES_MAX:
        return text
    shorter = encoded[: BYTES_MAX - len(_CUT.encode())].decode(errors="ignore")
    return shorter.rpartition("\n")[0] + _CUT


def _headers(forge: Forge, token: str) -> Mapping[str, str]:
    if forge is Forge.GITLAB:
        return {"PRIVATE-TOKEN": token}
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _comments(client: httpx.Client, request: Request) -> Iterator[dict[str, Any]]:
    """Yield the comments, the oldest first, page by page."""
    page = 1
    while True:
        query = f"?per_page={PER_PAGE}&page={page}"
        if request.forge is Forge.GITLAB:
            query += "&sort=asc&order_by=created_at"
        found = _ask(client, request, "GET", request.comments_url + query)
        yield from found
        if len(found) < PER_PAGE:
            return
        page += 1


def _ask(client: httpx.Client, request: Request, method: str, url: str, body: dict[str, str] | None = None) -> Any:
    """Return what the forge answers.

    Raises:
        ForgeError: If there is no answer, or it is a refusal.
    """
    try:
        response = client.request(method, url, json=body)
    except httpx.HTTPError as error:
        raise ForgeError(f"{request.api_url} does not answer ({type(error).__name__})") from error
    if response.is_success:
        return response.json()
    raise ForgeError(f"{request.comments_url} answered {response.status_code}{_hint(request.forge, response)}")


def _hint(forge: Forge, response: httpx.Response) -> str:
    if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        if forge is Forge.GITHUB:
            return ": the job needs `permissions: pull-requests: write`; a fork's pull request never has it"
        return ": the token needs the scope `api` and the role of a reporter or higher"
    if response.status_code == httpx.codes.NOT_FOUND:
        return ": is there such a project and request, and may the token see it?"
    return ""
