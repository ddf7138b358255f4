"""Signed commits, webhooks, going back, and the command line of policies in a repository."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from governor.clients.git_remote import GitRemote, RepositoryError
from governor.core.keys import Role
from governor.core.policy.place import GitPlace, PolicyPlaceError, git_place
from governor.edges.cli.app import app
from governor.settings import SettingsError, describe_settings, load_settings
from tests.api.world import StandingClock, running, settings_for
from tests.policies.repository import PolicyRepository
from tests.policies.test_story import limit_of, settled, sync

SECRET = "a secret that only the forge knows"


def signing_key(directory: Path, name: str) -> Path:
    """Make an SSH key pair and return the path of its private half."""
    path = directory / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
    return path


async def test_only_commits_signed_by_listed_keys_go_live(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock, tmp_path: Path
) -> None:
    """An unsigned commit and one of a stranger are refused; the log names who signed the one that went live."""
    board, stranger = signing_key(tmp_path, "board"), signing_key(tmp_path, "stranger")
    allowed = tmp_path / "signers"
    allowed.write_text(f"board@acme.example {board.with_suffix('.pub').read_text()}")
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingkey", str(board))
    first = repository.push("Signed from the beginning", "-S")
    async with running(settings_for(sqlite_url, repository.url(), require_signed_commits=allowed), standing) as server:
        repository.limit(25)
        repository.push("Unsigned")
        unsigned = await sync(server)
        repository.git("config", "user.signingkey", str(stranger))
        repository.push("Signed by somebody", "-S")
        strange = await sync(server)
        await settled(standing, server)
        served = await limit_of(server)
        repository.git("config", "user.signingkey", str(board))
        good = repository.push("Signed by the board", "-S")
        await sync(server)
        await settled(standing, server)
        last = await limit_of(server)
    listed = await asyncio.to_thread(cli, "policies", "log", "--database", sqlite_url, "--output", "json")

    assert ["refused", "refused"] == [unsigned["found"], strange["found"]]
    assert "not signed by a listed key" in unsigned["problems"][0]
    assert ((first, "10"), (good, "25")) == (served, last)
    assert "board@acme.example" == json.loads(listed.stdout)["versions"][0]["by"]


@pytest.mark.parametrize("adds", [False, True], ids=["as-it-was-signed", "with-a-change-of-its-own"])
async def test_a_merge_that_the_forge_made_stands_by_what_it_merged(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock, tmp_path: Path, adds: bool
) -> None:
    """A signed branch merged by a forge goes live as it was signed; a merge that slips something in does not."""
    board, forge = signing_key(tmp_path, "board"), signing_key(tmp_path, "forge")
    allowed = tmp_path / "signers"
    allowed.write_text(f"board@acme.example {board.with_suffix('.pub').read_text()}")
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingkey", str(board))
    repository.push("Signed from the beginning", "-S")
    async with running(settings_for(sqlite_url, repository.url(), require_signed_commits=allowed), standing) as server:
        repository.git("checkout", "-q", "-b", "change")
        repository.limit(25)
        repository.push("Signed by the board", "-S", branch="change")
        repository.git("checkout", "-q", "main")
        repository.git("config", "user.signingkey", str(forge))
        repository.git("merge", "-q", "--no-ff", "--no-commit", "change")
        if adds:
            repository.limit(1_000)
        merge = repository.push("Merge pull request #1", "-S")
        answer = await sync(server)
        await settled(standing, server)
        served = await limit_of(server)
    listed = await asyncio.to_thread(cli, "policies", "log", "--database", sqlite_url, "--output", "json")

    assert answer["commit"] == merge
    assert (("refused", "10") if adds else ("live", "25")) == (answer["found"], served[1])
    assert adds or "board@acme.example" == json.loads(listed.stdout)["versions"][0]["by"]


def github(body: bytes, secret: str) -> dict[str, str]:
    """Sign a body as GitHub does."""
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def gitlab(body: bytes, secret: str, *, key: bytes, age_s: float = 0, also: str = "") -> dict[str, str]:
    """Sign a body as GitLab does with a signing token."""
    assert secret == f"whsec_{base64.b64encode(key).decode()}"
    delivery, timestamp = "f9c0a8d2-3b62-4d0e-9f55-6c3c9c2f7a10", str(int(time.time() - age_s))
    digest = hmac.new(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"{also}v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": delivery, "webhook-timestamp": timestamp, "webhook-signature": signature}


async def test_a_signing_token_of_gitlab_opens_the_route_for_five_minutes(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """Id, time and body are signed; none of them may be another, and a recorded webhook is refused later."""
    key = b"thirty-two bytes that GitLab made"
    secret = f"whsec_{base64.b64encode(key).decode()}"
    settings = settings_for(sqlite_url, repository.url(), policies_webhook_secret=secret)
    body = b'{"ref":"refs/heads/main"}'
    good = gitlab(body, secret, key=key)
    async with running(settings, standing) as server, server.client(None) as client:

        async def post(headers: dict[str, str], content: bytes = body) -> tuple[int, str]:
            response = await client.post("/policies/sync", content=content, headers=headers)
            return response.status_code, response.json().get("error", {}).get("message", "")

        accepted = [
            await post(good),
            await post(gitlab(body, secret, key=key, age_s=250)),
            await post(gitlab(body, secret, key=key, also="v1,b2xkIGtleQ== ")),
        ]
        refused = [
            await post(good, body + b" "),
            await post({**good, "webhook-id": "another"}),
            await post({**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}),
            await post({**good, "webhook-signature": good["webhook-signature"].removeprefix("v1,")}),
            await post({**good, "webhook-signature": ""}),
            await post({"webhook-signature": good["webhook-signature"]}),
            # The secret itself beside a signature that is wrong does not mend it.
            await post({**good, "webhook-id": "another", "x-gitlab-token": secret}),
        ]
        late = [await post(gitlab(body, secret, key=key, age_s=age_s)) for age_s in (320, -320)]

    assert [202] * 3 == [status for status, _ in accepted]
    assert [401] * 7 == [status for status, _ in refused]
    assert all("the same secret in both" in message for _, message in refused)
    assert [401] * 2 == [status for status, _ in late]
    assert all("five minutes" in message for _, message in late)


async def test_the_secret_says_which_of_two_proofs_counts(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """GitLab sends a token and a signature with a key that Governor was not given: the token is enough, if it is it."""
    key = b"thirty-two bytes that GitLab made"
    signed = gitlab(b"{}", f"whsec_{base64.b64encode(key).decode()}", key=key)
    settings = settings_for(sqlite_url, repository.url(), policies_webhook_secret=SECRET)
    async with running(settings, standing) as server, server.client(None) as client:
        statuses = [
            (await client.post("/policies/sync", content=b"{}", headers={**signed, **token})).status_code
            for token in ({"x-gitlab-token": SECRET}, {"x-gitlab-token": "wrong"}, {})
        ]

    assert [202, 401, 401] == statuses


async def test_a_secret_token_may_have_letters_beyond_ascii(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """GitLab sends it as UTF-8; another one, and one that is no text at all, are refused like any."""
    settings = settings_for(sqlite_url, repository.url(), policies_webhook_secret="gehäim")
    async with running(settings, standing) as server, server.client(None) as client:
        statuses = [
            (await client.post("/policies/sync", content=b"{}", headers=[(b"x-gitlab-token", token)])).status_code
            for token in ("gehäim".encode(), "gehüim".encode(), "gehäim".encode("latin-1"), b"\xff")
        ]

    assert [202, 401, 401, 401] == statuses


async def test_a_webhook_needs_the_secret_and_is_answered_at_once(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """GitHub's signature and GitLab's token open the route; a wrong one, a changed body and none do not."""
    settings = settings_for(sqlite_url, repository.url(), policies_webhook_secret=SECRET)
    body = b'{"ref":"refs/heads/main"}'
    async with running(settings, standing) as server, server.client(None) as client:

        async def post(headers: dict[str, str], content: bytes = body) -> int:
            return (await client.post("/policies/sync", content=content, headers=headers)).status_code

        refused = [
            await post({}),
            await post({"x-gitlab-token": "wrong"}),
            await post(github(body, "wrong")),
            await post(github(body, SECRET), body + b" "),
            await post({"x-hub-signature-256": "sha256="}),
        ]
        accepted = [await post(github(body, SECRET)), await post({"x-gitlab-token": SECRET})]
        async with server.client(Role.VIEWER) as viewer:
            forbidden = (await viewer.post("/policies/sync")).status_code

    assert [401] * 5 == refused
    assert [202, 202] == accepted
    assert 403 == forbidden


async def test_a_folder_cannot_be_synced(
    sqlite_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """A folder is watched; the answer says what to set."""
    async with running(settings_for(sqlite_url, repository.folder), standing) as server:
        async with server.client(Role.ADMIN) as client:
            response = await client.post("/policies/sync")
        async with server.client(None) as client:
            unsigned = await client.post("/policies/sync", headers={"x-gitlab-token": "x"})

    assert (409, "not_a_repository") == (response.status_code, code(response))
    assert (401, "unauthenticated") == (unsigned.status_code, code(unsigned))


def code(response: httpx.Response) -> str:
    """Return the code of an error."""
    return str(response.json()["error"]["code"])


def cli(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(arguments))


async def test_going_back_holds_until_the_branch_moves(
    database_url: str, repository: PolicyRepository, standing: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback reaches a running worker, is in the log with its reason, survives a look, and ends with a push."""
    first = repository.git("rev-parse", "HEAD")
    async with running(settings_for(database_url, repository.url()), standing) as server:
        monkeypatch.setenv("GOVERNOR_CLOCK", standing.now().isoformat())
        monkeypatch.setenv("GOVERNOR_AUTH", "off")
        repository.limit(25)
        second = repository.push("Raise the limit")
        await sync(server)
        await settled(standing, server)
        back = await asyncio.to_thread(
            cli, "policies", "rollback", "--reason", "bots stop", "--by", "eve", "--database", database_url
        )
        await settled(standing, server)
        rolled_back = await limit_of(server)
        looked = await sync(server)
        await settled(standing, server)
        still = await limit_of(server)
        repository.limit(30)
        third = repository.push("A better limit")
        await sync(server)
        await settled(standing, server)
        last = await limit_of(server)
    log = await asyncio.to_thread(cli, "policies", "log", "--database", database_url, "--output", "json")
    shown = ("policies", "show", second[:8], "--file", "quotas.yaml", "--database", database_url)
    text = await asyncio.to_thread(cli, *shown)
    lines = json.loads(log.stdout)["versions"]

    assert 0 == back.exit_code, back.output
    assert (first, "10") == rolled_back == still
    assert "unchanged" == looked["found"]
    assert (third, "30") == last
    assert [third, first, second, first] == [line["commit"] for line in lines]
    assert ("rollback", "eve", "bots stop") == tuple(lines[1][name] for name in ("origin", "by", "reason"))
    assert "limit: 25 USD" in text.stdout


def test_the_command_line_says_what_to_do(repository: PolicyRepository, sqlite_url: str) -> None:
    """Sync and rollback without a repository, an unknown version, a file that is not there: sentences, no traces."""
    commit = repository.git("rev-parse", "HEAD")
    nothing = cli("policies", "log", "--database", sqlite_url)
    synced = cli("policies", "sync", "--policies", repository.url(), "--database", sqlite_url)
    again = cli("policies", "sync", "--policies", repository.url(), "--database", sqlite_url)
    folder = cli("policies", "sync", "--policies", str(repository.folder), "--database", sqlite_url)
    (repository.folder / "quotas.yaml").write_text("apiVersion: governor/v2\n")
    repository.push("Broken")
    refused = cli("policies", "sync", "--policies", repository.url(), "--database", sqlite_url)
    repository.git("push", "--quiet", "origin", "--delete", "main")
    unreachable = cli("policies", "sync", "--policies", repository.url(), "--database", sqlite_url)
    first = cli("policies", "rollback", "--reason", "why not", "--database", sqlite_url)
    unknown = cli("policies", "rollback", "abcdef", "--reason", "why not", "--database", sqlite_url)
    no_text = cli("policies", "show", "abcdef", "--database", sqlite_url)
    no_file = cli("policies", "show", commit, "--file", "x.yaml", "--database", sqlite_url)

    assert "no policies have decided yet" in nothing.stdout
    assert (0, f"live {commit}", f"unchanged {commit}") == (
        synced.exit_code,
        synced.stdout.strip(),
        again.stdout.strip(),
    )
    assert "is a folder, which a server watches" in folder.stderr
    assert (1, 1) == (refused.exit_code, unreachable.exit_code)
    assert len(set(refused.stderr.splitlines())) == refused.stderr.count("quotas.yaml:") > 0
    assert 1 == len(unreachable.stderr.splitlines()), unreachable.stderr
    assert "nothing was live before" in first.stderr
    assert "no commit `abcdef` was live" in unknown.stderr
    assert "no text of `abcdef` is kept" in no_text.stderr
    assert "there was no file `x.yaml`; there were organization.yaml, quotas.yaml" in no_file.stderr


def test_a_decision_on_the_command_line_uses_the_live_commit(repository: PolicyRepository, sqlite_url: str) -> None:
    """`governor decide` answers by what the server decides by, and says so where nothing is live yet."""
    asked = ("decide", "--user", "eve@acme.example", "--model", "claude-sonnet-4", "--output", "json")
    places = ("--policies", repository.url(), "--database", sqlite_url)
    early = cli(*asked, *places)
    cli("policies", "sync", *places)
    late = cli(*asked, *places)

    assert "no commit of" in early.stderr
    assert repository.git("rev-parse", "HEAD") == json.loads(late.stdout)["policy_version"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("git+https://h/r.git#main:policies", GitPlace("https://h/r.git", "main", "policies")),
        ("git+ssh://git@h/r.git", GitPlace("ssh://git@h/r.git", "", "")),
        ("git+file:///srv/r.git#release/1:a/b/", GitPlace("file:///srv/r.git", "release/1", "a/b")),
        ("git+https://h/r.git#:policies", GitPlace("https://h/r.git", "", "policies")),
    ],
)
def test_a_place_is_read_and_written(text: str, place: GitPlace) -> None:
    """Branch and folder may be left out."""
    assert place == git_place(text)
    assert place == git_place(str(place))


@pytest.mark.parametrize(
    "text",
    [
        "git+ext::sh -c x",
        "git+https://h",
        "git+https://-oProxyCommand=x/r",
        "git+ftp://h/r",
        "git+https://h/r#-x",
        "git+https://h/r#a..b",
        "git+https://h/r#main:../x",
        "git+https://h/r#main:/x",
        "git+/srv/r.git",
    ],
)
def test_a_place_that_cannot_be_one_is_refused(text: str) -> None:
    """Nothing of a place reaches git that could be taken for an option or another protocol."""
    with pytest.raises(PolicyPlaceError, match="like `git\\+https://"):
        git_place(text)
    with pytest.raises(SettingsError, match="GOVERNOR_POLICIES"):
        load_settings(policies=text)


def test_a_password_in_the_place_is_never_shown() -> None:
    """The settings and every log line have the place without it."""
    settings = load_settings(policies="git+https://bot:s3cret@git.acme.example/policies.git#main")
    [shown] = [row.value for row in describe_settings(settings) if row.name == "GOVERNOR_POLICIES"]

    assert "git+https://git.acme.example/policies.git#main" == shown
    assert "git+https://bot:s3cret@git.acme.example/policies.git#main" == settings.environment()["GOVERNOR_POLICIES"]


def test_a_repository_that_hangs_is_one_that_is_down(repository: PolicyRepository) -> None:
    """A command of git that does not end in time is a sentence."""
    remote = GitRemote(git_place(repository.url()), timeout_s=0.0001)
    with pytest.raises(RepositoryError, match="took longer"):
        remote.head()
