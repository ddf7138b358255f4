"""Recordings: formats are told by content, lines are streamed, mistakes are named by their line."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from governor.clients.recordings import Format, RecordingError, open_recording
from governor.core.decisions.request import Subject

DATA = Path(__file__).parents[3] / "shared" / "data"

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
"""
MOONCAKE = """{"timestamp": 27000, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
{"timestamp": 30000, "input_length": 6472, "output_length": 26, "hash_ids": [46, 47]}
"""
BURSTGPT = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45,GPT-4,1087,230,1317,API log
"""
OWN = """{"at": "2026-11-20T09:00:00Z", "subject": {"user": "mia@acme.example"}, "model": "gpt-4o", "input_tokens": 900}
{"at": "2026-11-20T09:00:01+01:00", "input_tokens": 1, "output_tokens": 2, "max_output_tokens": 3, "tags": {"a": "b"}}
"""
TEXTS = {Format.AZURE: AZURE, Format.MOONCAKE: MOONCAKE, Format.BURSTGPT: BURSTGPT, Format.GOVERNOR: OWN}


def written(folder: Path, text: str | bytes, name: str = "recording") -> Path:
    """Write a recording; the name says nothing about its format, on purpose."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("expected", list(TEXTS))
@pytest.mark.parametrize("zipped", [False, True])
def test_format_is_told_by_content(tmp_path: Path, expected: Format, zipped: bool) -> None:
    """Neither the name nor the compression matters: the first line says what a file is."""
    text = TEXTS[expected].encode()
    path = written(tmp_path, gzip.compress(text) if zipped else text)

    with open_recording(path) as recording:
        rows = list(recording.rows())

    assert (expected, 2) == (recording.format, len(rows))


def test_azure_rows_have_calendar_times(tmp_path: Path) -> None:
    """Azure's timestamps are UTC with seven digits of a second."""
    with open_recording(written(tmp_path, AZURE)) as recording:
        first = next(recording.rows())

    assert (True, 1700158623.97996, 4808, 10, 2) == (
        recording.dated,
        first.at_s,
        first.input_tokens,
        first.output_tokens,
        first.line,
    )


def test_mooncake_times_count_from_the_beginning(tmp_path: Path) -> None:
    """Mooncake counts milliseconds from its own beginning."""
    with open_recording(written(tmp_path, MOONCAKE)) as recording:
        times = [row.at_s for row in recording.rows()]

    assert (False, [27.0, 30.0]) == (recording.dated, times)


def test_burstgpt_names_the_model_and_how_long_it_took(tmp_path: Path) -> None:
    """The later BurstGPT files have an `Elapsed time`; columns are found by their names."""
    text = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    text += "5,s-1,3.5,GPT-4,472,18,490,Conversation log\n"
    with open_recording(written(tmp_path, text)) as recording:
        row = next(recording.rows())

    assert ("GPT-4", 3.5, 472, 18) == (row.model, row.duration_s, row.input_tokens, row.output_tokens)


def test_own_lines_keep_what_they_leave_out(tmp_path: Path) -> None:
    """Absent output is unknown, not zero; absent subject is nobody."""
    with open_recording(written(tmp_path, OWN)) as recording:
        first, second = recording.rows()

    assert (Subject(user="mia@acme.example"), None, None) == (
        first.subject,
        first.output_tokens,
        first.max_output_tokens,
    )
    assert (Subject(), 2, 3, {"a": "b"}) == (
        second.subject,
        second.output_tokens,
        second.max_output_tokens,
        second.tags,
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (AZURE + "2023-11-16 18:17:05,-5,8\n", 4),
        (AZURE + "2023-11-16 18:17:05,5\n", 4),
        (AZURE + "yesterday,5,8\n", 4),
        (AZURE + "2023-11-16 18:17:05,5,1e9\n", 4),
        (MOONCAKE + '{"timestamp": 1, "input_length": -1, "output_length": 2}\n', 3),
        (MOONCAKE + '{"timestamp": 1e400, "input_length": 1, "output_length": 2}\n', 3),
        (MOONCAKE + '{"timestamp": 1,\n', 3),
        (BURSTGPT + "nan,GPT-4,1,2,3,API log\n", 4),
        (BURSTGPT + "inf,GPT-4,1,2,3,API log\n", 4),
        (BURSTGPT + "6,GPT-4,1\n", 4),
        (OWN + '{"at": "2026-11-20T09:00:00", "input_tokens": 1}\n', 3),
        (OWN + '{"at": "2026-11-20T09:00:00Z", "input_tokens": 1, "max_ouput_tokens": 2}\n', 3),
        (AZURE.encode() + b"2023-11-16 18:17:05,\xff,8\n", 4),
    ],
)
def test_bad_line_is_named(tmp_path: Path, text: str | bytes, line: int) -> None:
    """A line that is not a request stops the reading, and the message says which one."""
    with open_recording(written(tmp_path, text)) as recording, pytest.raises(RecordingError) as caught:
        list(recording.rows())

    assert (line, True) == (caught.value.details["line"], f":{line}: " in caught.value.message)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"at": "2026-11-20T09:00:00Z", "input_tokens": "1"}', "expected a whole number, got text at `input_tokens`"),
        ('{"at": "yesterday", "input_tokens": 1}', "not a time like 2026-11-20T09:00:00Z at `at`"),
        ('{"at": "2026-11-20T09:00:00Z", "input_tokens": 1, "modell": "gpt-4o"}', "unknown field `modell`"),
        ('{"at": "2026-11-20T09:00:00Z", "subject": {"usr": "x"}}', "unknown field `usr` at `subject`"),
        ('{"at": "2026-11-20T09:00:00Z"}', "missing the required field `input_tokens`"),
        ('{"at": "2026-11-20T09:00', "not a JSON object"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_our_words(tmp_path: Path, line: str, said: str) -> None:
    """Neither the names of Python types nor a library's own words are for who sends a recording."""
    path = written(tmp_path, TEXTS[Format.GOVERNOR] + line + "\n")
    with open_recording(path) as recording, pytest.raises(RecordingError) as caught:
        list(recording.rows())

    assert f"{path}:3: {said}; mend the line, or leave it out with `--skip-bad`" == caught.value.message


def test_bad_lines_can_be_left_out(tmp_path: Path) -> None:
    """With `skip_bad` the rest is read and the bad lines are counted."""
    with open_recording(written(tmp_path, AZURE + "nonsense\n\n2023-11-16 18:17:06,1,1\n")) as recording:
        rows = list(recording.rows(skip_bad=True))

    assert (3, 1) == (len(rows), recording.skipped)


def test_unknown_format_says_what_is_known(tmp_path: Path) -> None:
    """A file in another format is refused at once."""
    for text in ("", "a,b,c\n1,2,3\n", "[]\n", '{"when": 1}\n', b"\x00\xff\xfe"):
        with pytest.raises(RecordingError, match="not a recording"), open_recording(written(tmp_path, text)):
            pass


def test_missing_file_is_a_mistake_not_a_crash(tmp_path: Path) -> None:
    """A path that does not exist is named in the message."""
    with pytest.raises(RecordingError, match="no such file"), open_recording(tmp_path / "absent.csv"):
        pass


def test_compression_cut_short_is_noticed(tmp_path: Path) -> None:
    """Half a gzip file is an error, not a short recording."""
    whole = gzip.compress(AZURE.encode() + b"2023-11-16 18:17:05,5,8\n" * 5000)
    path = written(tmp_path, whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match="damaged or cut short"), open_recording(path) as recording:
        list(recording.rows())


def test_memory_is_flat(tmp_path: Path) -> None:
    """A recording of 2 MB is streamed in less than 300 KB."""
    path = written(tmp_path, AZURE + "2023-11-16 18:17:05.0000000,5,8\n" * 60_000)
    tracemalloc.start()
    try:
        with open_recording(path) as recording:
            count = sum(1 for _ in recording.rows())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (60_002, True) == (count, peak_bytes < 300_000)


@pytest.mark.parametrize(
    ("name", "expected"), [("azure-2023-code.csv.gz", 8819), ("mooncake-synthetic.jsonl.gz", 3993)]
)
def test_published_recordings_are_read_whole(name: str, expected: int) -> None:
    """The traces as published are read to the last line."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside this checkout")
    with open_recording(path) as recording:
        count = sum(1 for _ in recording.rows())

    assert expected == count
