"""Which files of a folder are read, and what is said about the others."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.folder import FILE_BYTES_MAX
from governor.compiler.load import Compiled, compile_folder

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORGANIZATION = "apiVersion: governor/v1\nkind: Organization\nname: acme\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the smallest organisation."""
    place = tmp_path / "policies"
    place.mkdir()
    (place / "org.yaml").write_text(ORGANIZATION, encoding="utf-8")
    return place


def codes(compiled: Compiled) -> list[str]:
    """Return file and code of every problem."""
    return [f"{problem.file} {problem.code}" for problem in compiled.problems]


def test_the_smallest_folder_is_one_organization(folder: Path) -> None:
    """Three lines are a valid folder."""
    compiled = compile_folder(folder, NOW)

    assert compiled.policies is not None
    assert () == compiled.problems


def test_a_folder_without_an_organization_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    """Nothing says who is who: such a folder is never served. One that cannot be read says only that."""
    (tmp_path / "quotas.yaml").write_text("apiVersion: governor/v1\nkind: Quota\nname: q\nlimit: 1 USD\nperiod: day\n")
    missing = compile_folder(tmp_path, NOW)
    nowhere = compile_folder(tmp_path / "nowhere", NOW)

    assert (None, None) == (missing.policies, nowhere.policies)
    assert ["error no-organization the folder has no Organization; write a document of kind: Organization"] == [
        str(problem) for problem in missing.problems
    ]
    assert "no-organization" not in {problem.code for problem in nowhere.problems}


def test_hidden_files_and_test_suites_are_not_policies(folder: Path) -> None:
    """What an editor or git leaves behind, and test suites, are not read."""
    (folder / ".git").mkdir()
    for name in (".draft.yaml", ".git/x.yaml", "marketing.test.yaml", "README.md"):
        (folder / name).write_text("not: [policies", encoding="utf-8")

    compiled = compile_folder(folder, NOW)

    assert ["org.yaml"] == list(compiled.files)
    assert () == compiled.problems


def test_files_in_folders_are_read_and_a_yml_file_is_mentioned(folder: Path) -> None:
    """File names and folders mean nothing, but a file that is not read is no secret."""
    (folder / "teams").mkdir()
    (folder / "teams" / "limits.yaml").write_text(
        "apiVersion: governor/v1\nkind: ContextLimit\nname: a\nmax_output: 1 token\n", encoding="utf-8"
    )
    (folder / "old.yml").write_text(ORGANIZATION, encoding="utf-8")

    compiled = compile_folder(folder, NOW)

    assert ["org.yaml", "teams/limits.yaml"] == list(compiled.files)
    assert ["old.yml ignored-file"] == codes(compiled)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Zero policies selected is never a success."""
    compiled = compile_folder(tmp_path, NOW)

    assert compiled.policies is None
    assert [" no-policies"] == codes(compiled)


def test_empty_documents_are_not_policies(folder: Path) -> None:
    """Comments and separators alone are nothing; nothing else beside them changes."""
    (folder / "empty.yaml").write_text("# later\n---\n---\n# and more\n", encoding="utf-8")

    compiled = compile_folder(folder, NOW)

    assert () == compiled.problems


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    """A symbolic link cannot bring in a file that nobody reviewed."""
    outside = folder.parent / "outside.yaml"
    outside.write_text(ORGANIZATION, encoding="utf-8")
    (folder / "link.yaml").symlink_to(outside)
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")

    compiled = compile_folder(folder, NOW)

    assert ["link.yaml outside-folder", "loop.yaml unreadable"] == codes(compiled)
    assert compiled.policies is None


def test_a_pipe_is_not_opened(folder: Path) -> None:
    """A named pipe would block the reader for ever."""
    os.mkfifo(folder / "pipe.yaml")

    compiled = compile_folder(folder, NOW)

    assert ["pipe.yaml unreadable"] == codes(compiled)


def test_a_file_of_fifty_megabytes_is_refused_by_its_size(folder: Path) -> None:
    """The size is looked at before anything is read or parsed."""
    with (folder / "big.yaml").open("wb") as file:
        file.truncate(10 * FILE_BYTES_MAX)

    compiled = compile_folder(folder, NOW)

    assert ["big.yaml too-large"] == codes(compiled)
    assert "big.yaml" not in compiled.files


def test_text_that_is_not_utf_8_is_refused_where_it_is_not(folder: Path) -> None:
    """The first bad byte has a line and a column."""
    (folder / "latin.yaml").write_bytes("a: 1\nb: caf\u00e9\n".encode("latin-1"))
    (folder / "wide.yaml").write_bytes("a: 1\n".encode("utf-16"))

    places = [
        (problem.file, problem.line, problem.column, problem.code) for problem in compile_folder(folder, NOW).problems
    ]

    assert [("latin.yaml", 2, 7, "not-utf-8"), ("wide.yaml", 1, 1, "not-utf-8")] == places


def test_a_byte_order_mark_is_accepted(folder: Path) -> None:
    """Editors on Windows write one; it changes neither values nor columns."""
    (folder / "org.yaml").write_bytes(b"\xef\xbb\xbf" + ORGANIZATION.encode())

    compiled = compile_folder(folder, NOW)

    assert compiled.policies is not None
    assert 1 == compiled.policies.organization.source.column


def test_the_version_is_that_of_the_text(folder: Path, tmp_path: Path) -> None:
    """Equal folders have equal versions wherever they are; any changed byte, also of a CSV file, changes it."""
    (folder / "org.yaml").write_text(ORGANIZATION + "people: {csv: people.csv}\ndepartments: [{name: a}]\n")
    (folder / "people.csv").write_text("user,department\neve,a\n")
    first = compile_folder(folder, NOW)
    moved = folder.rename(tmp_path / "elsewhere")
    second = compile_folder(moved, NOW)
    (moved / "people.csv").write_text("user,department\nmia,a\n")
    third = compile_folder(moved, NOW)

    assert first.version == second.version
    assert third.version != second.version
    assert ["org.yaml", "people.csv"] == sorted(third.files)


def test_an_invalid_file_leaves_nothing_half_loaded(folder: Path) -> None:
    """Loading is all or nothing: one bad document anywhere, and there are no policies."""
    (folder / "z.yaml").write_text("apiVersion: governor/v1\nkind: Quota\nname: a\nlimit: 5\n", encoding="utf-8")

    compiled = compile_folder(folder, NOW)

    assert compiled.policies is None
    assert ["z.yaml missing-unit"] == codes(compiled)


def test_a_flood_of_problems_stops(folder: Path) -> None:
    """A folder with thousands of mistakes shows the first thousand and says that it stopped."""
    document = "---\napiVersion: governor/v1\nkind: Quota\nname: a\nlimit: 5 EUR\nperiod: month\n"
    (folder / "many.yaml").write_text(document * 3_000, encoding="utf-8")

    compiled = compile_folder(folder, NOW)

    assert "too-many-problems" in {problem.code for problem in compiled.problems}
    assert len(compiled.problems) < 1_100
