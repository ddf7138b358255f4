"""Git through its own command: revisions, folders of a commit, links, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from governor.clients.git import GitError, GitRepository, write_files


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as somebody."""
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@acme.example", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits."""
    git(tmp_path, "init", "-q", "-b", "main")
    folder = tmp_path / "policies"
    (folder / "teams").mkdir(parents=True)
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "teams" / "ünï.yaml").write_bytes(b"b: \xff\n")
    (tmp_path / "README.md").write_text("hello\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first: begin\n\nwith a body")
    (folder / "a.yaml").write_text("a: 2\n")
    git(tmp_path, "commit", "-qam", "second")
    return tmp_path


def test_revision_is_a_commit(repository: Path) -> None:
    """Branches, relative revisions and short ids are understood as git does."""
    opened = GitRepository.around(repository / "policies")
    head, before = opened.commit("main"), opened.commit("HEAD~1")

    assert (git(repository, "rev-parse", "HEAD"), "second", "Ada") == (head.id, head.subject, head.author)
    assert "first: begin" == before.subject
    assert before == opened.commit(before.id[:10])


def test_folder_of_a_commit_is_read_byte_for_byte(repository: Path) -> None:
    """Names and contents that are no text survive; what is not committed is not seen."""
    opened = GitRepository.around(repository)
    (repository / "policies" / "a.yaml").write_text("a: 3\n")
    first = opened.commit("HEAD~1").id

    assert {"a.yaml": b"a: 1\n", "teams/ünï.yaml": b"b: \xff\n"} == opened.files(first, "policies")
    assert {"README.md", "policies/a.yaml", "policies/teams/ünï.yaml"} == set(opened.files(first))


def test_links_are_followed_inside_the_folder_only(repository: Path) -> None:
    """A link that leads out of the policies would let a commit read the machine."""
    folder = repository / "policies"
    (folder / "same.yaml").symlink_to("a.yaml")
    (folder / "teams" / "up.yaml").symlink_to("../a.yaml")
    (folder / "out.yaml").symlink_to("../README.md")
    (folder / "machine.yaml").symlink_to("/etc/hostname")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "links")
    opened = GitRepository.around(repository)
    found = opened.files(opened.commit("HEAD").id, "policies")

    assert b"a: 2\n" == found["same.yaml"] == found["teams/up.yaml"]
    assert not {"out.yaml", "machine.yaml", "circle.yaml"} & set(found)


@pytest.mark.parametrize("revision", ["nothing", "--all", "-h", "HEAD:policies", ""])
def test_what_is_no_commit_is_refused(repository: Path, revision: str) -> None:
    """An option is not a revision either."""
    with pytest.raises(GitError, match="is no commit of this repository"):
        GitRepository.around(repository).commit(revision)


def test_missing_folder_is_named(repository: Path) -> None:
    """A commit from before the policies were there has none."""
    opened = GitRepository.around(repository)
    with pytest.raises(GitError, match="has no folder `rules`"):
        opened.files(opened.commit("HEAD").id, "rules")


def test_folder_outside_any_repository_is_refused(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(GitError, match="is in no git repository"):
        GitRepository.around(tmp_path)


def test_files_are_written_as_they_were(repository: Path, tmp_path: Path) -> None:
    """Sub-folders are made as needed."""
    opened = GitRepository.around(repository)
    files = opened.files(opened.commit("HEAD").id, "policies")
    place = tmp_path / "copy"
    write_files(files, place)

    assert files == {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*.yaml")}
