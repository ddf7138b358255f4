"""Recorded model requests, read from files that others publish: detected by content, plain or gzipped, streamed.

Source: Azure/AzurePublicDataset (LLM inference traces), kvcache-ai/Mooncake, HPMLL/BurstGPT, and our own JSON lines.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from governor.core.decisions.recorded import NOBODY, Recorded
from governor.core.decisions.request import Subject
from governor.core.errors import GovernorError
from governor.core.field_words import decoded_in_plain_words

GZIP_MAGIC = b"\x1f\x8b"
LINE_BYTES_MAX = 1 << 20
TOKENS_MAX = 10**9
"""More than any context window: a larger count is a mistake in the recording."""


class RecordingError(GovernorError):
    """A recording that cannot be read; ``line`` is in the details where one line is to blame."""

    code = "invalid_recording"


class Format(StrEnum):
    """The formats of recordings."""

    AZURE = "azure"
    MOONCAKE = "mooncake"
    BURSTGPT = "burstgpt"
    GOVERNOR = "governor"


@dataclass(slots=True)
class Recording:
    """A recording that is open.

    Attributes:
        format: What its content says it is.
        dated: Whether its times are of the calendar; otherwise they count from its beginning.
        bytes_total: Size of the file as stored.
        skipped: Bad lines left out so far.
    """

    path: Path
    format: Format
    dated: bool
    bytes_total: int
    skipped: int = 0
    _raw: BinaryIO = field(repr=False, default=None)  # type: ignore[assignment]  # set by open_recording alone
    _lines: Iterator[bytes] = field(repr=False, default_factory=lambda: iter(()))
    _parse: Callable[[bytes, int], Recorded] = field(repr=False, default=None)  # type: ignore[assignment]  # likewise
    _first_line: int = 1

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, for progress."""
        return self._raw.tell()

    def rows(self, *, skip_bad: bool = False) -> Iterator[Recorded]:
        """Yield the requests in the order of the file; memory stays flat.

        Args:
            skip_bad: Leave bad lines out and count them, instead of stopping at the first.

        Raises:
            RecordingError: For a line that is not a request, or a file that ends in the middle of its compression.
        """
        parse = self._parse
        for number, line in enumerate(self._lines, self._first_line):
            if not line.strip():
                continue
            try:
                yield parse(line, number)
            except (ValueError, msgspec.MsgspecError) as error:
                if not skip_bad:
                    raise _bad_line(self.path, number, _why(error)) from error
                self.skipped += 1


@contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """Open a recording and tell its format by its first line.

    Raises:
        RecordingError: If the file cannot be read or its format is not known.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise RecordingError(f"cannot read `{path}`: {(error.strerror or 'unknown error').lower()}") from error
    with raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        # A GzipFile reads lines in Python, a BufferedReader around it in C: a third of the time for each row.
        lines = _lines(io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw, path)
        first = next(lines, b"")
        recognised = _recognise(first)
        if recognised is None:
            raise RecordingError(
                f"`{path}` is not a recording that is known here: the first line is neither the header of an Azure or "
                f"BurstGPT file nor a JSON object with `at` or with `timestamp` and `input_length`"
            )
        kind, parse = recognised
        has_header = kind in {Format.AZURE, Format.BURSTGPT}
        yield Recording(
            path=path,
            format=kind,
            dated=kind in {Format.AZURE, Format.GOVERNOR},
            bytes_total=path.stat().st_size,
            _raw=raw,
            _lines=lines if has_header else _again(first, lines),
            _parse=parse,
            _first_line=2 if has_header else 1,
        )


def _lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    readline = stream.readline
    number = 0
    while True:
        number += 1
        try:
            line = readline(LINE_BYTES_MAX)
        except (EOFError, OSError, zlib.error) as error:
            raise _bad_line(path, number, f"the compressed file is damaged or cut short ({error})") from error
        if not line:
            return
        if len(line) >= LINE_BYTES_MAX:
            raise _bad_line(path, number, f"the line is longer than {LINE_BYTES_MAX:,} bytes")
        yield line


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _why(error: Exception) -> str:
    """Say what is wrong with a line; what the decoder says names its types, and places like ``$.input_tokens``."""
    if not isinstance(error, msgspec.MsgspecError):
        return str(error)
    if not isinstance(error, msgspec.ValidationError):
        return "not a JSON object"
    return decoded_in_plain_words(str(error)).replace(" - at `$.", " at `")


def _bad_line(path: Path, number: int, why: str) -> RecordingError:
    return RecordingError(f"{path}:{number}: {why}; mend the line, or leave it out with `--skip-bad`", line=number)


def _recognise(first: bytes) -> tuple[Format, Callable[[bytes, int], Recorded]] | None:
    text = first.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"{"):
        return _recognise_json(text)
    try:
        names = [name.strip() for name in text.decode().split(",")]
    except UnicodeDecodeError:
        return None
    if names[:3] == ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]:
        return Format.AZURE, _azure
    if {"Timestamp", "Model", "Request tokens", "Response tokens"} <= set(names):
        return Format.BURSTGPT, _burstgpt(names)
    return None


def _recognise_json(text: bytes) -> tuple[Format, Callable[[bytes, int], Recorded]] | None:
    try:
        keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).keys()
    except msgspec.MsgspecError:
        return None
    if "at" in keys:
        return Format.GOVERNOR, _governor
    if {"timestamp", "input_length"} <= keys:
        return Format.MOONCAKE, _mooncake
    return None


# ---- one parser for each format: a line in, a request out, ValueError for anything else ---------------------------


def _tokens(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or (count := int(text)) > TOKENS_MAX:
        raise ValueError(f"`{text[:40]}` is not a number of tokens between 0 and {TOKENS_MAX:,}")
    return count


def _azure(line: bytes, number: int) -> Recorded:
    fields = line.decode().rstrip("\r\n").split(",")
    if len(fields) != 3:
        raise ValueError(f"expected 3 fields and found {len(fields)}")
    try:
        at = datetime.fromisoformat(fields[0])
    except ValueError as error:
        raise ValueError(f"`{fields[0][:40]}` is not a time") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return Recorded(at.timestamp(), _tokens(fields[1]), _tokens(fields[2]), line=number)


def _burstgpt(names: list[str]) -> Callable[[bytes, int], Recorded]:
    at, model, asked, answered = (
        names.index(name) for name in ("Timestamp", "Model", "Request tokens", "Response tokens")
    )
    elapsed = names.index("Elapsed time") if "Elapsed time" in names else None

    def parse(line: bytes, number: int) -> Recorded:
        fields = next(csv.reader([line.decode()]))
        if len(fields) != len(names):
            raise ValueError(f"expected {len(names)} fields and found {len(fields)}")
        return Recorded(
            _seconds(fields[at]),
            _tokens(fields[asked]),
            _tokens(fields[answered]),
            model=fields[model],
            duration_s=_seconds(fields[elapsed]) if elapsed is not None and fields[elapsed] else 0.0,
            line=number,
        )

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise ValueError(f"`{text[:40]}` is not a number of seconds") from error
    if not 0 <= seconds < 1e10:
        raise ValueError(f"`{text[:40]}` is not a number of seconds from 0 up")
    return seconds


class _MooncakeLine(msgspec.Struct):
    timestamp: float
    input_length: int
    output_length: int


_decode_mooncake = msgspec.json.Decoder(_MooncakeLine).decode


def _mooncake(line: bytes, number: int) -> Recorded:
    row = _decode_mooncake(line)
    _in_range(row.input_length, row.output_length)
    if not 0 <= row.timestamp < 1e13:
        raise ValueError("`timestamp` is not a number of milliseconds from 0 up")
    return Recorded(row.timestamp / 1000, row.input_length, row.output_length, line=number)


class _SubjectField(msgspec.Struct, forbid_unknown_fields=True):
    user: str = ""
    service_account: str = ""
    team: str = ""
    department: str = ""
    project: str = ""
    environment: str = ""
    task: str = ""


class _GovernorLine(msgspec.Struct, forbid_unknown_fields=True):
    at: datetime
    input_tokens: int
    output_tokens: int | None = None
    max_output_tokens: int | None = None
    subject: _SubjectField | None = None
    model: str = ""
    use_case: str = ""
    duration_s: float = 0.0
    tags: dict[str, str] = {}


_decode_governor = msgspec.json.Decoder(_GovernorLine).decode


def _governor(line: bytes, number: int) -> Recorded:
    row = _decode_governor(line)
    if row.at.tzinfo is None:
        raise ValueError("`at` has no time zone; write it like 2026-11-20T09:00:00Z")
    _in_range(row.input_tokens, row.output_tokens or 0, row.max_output_tokens or 0)
    if not 0 <= row.duration_s < 1e7:
        raise ValueError("`duration_s` is not a number of seconds from 0 up")
    claimed = row.subject
    return Recorded(
        row.at.timestamp(),
        row.input_tokens,
        row.output_tokens,
        row.max_output_tokens,
        row.model,
        NOBODY if claimed is None else Subject(**msgspec.structs.asdict(claimed)),
        row.use_case,
        row.duration_s,
        row.tags,
        number,
    )


def _in_range(*counts: int) -> None:
    for count in counts:
        if not 0 <= count <= TOKENS_MAX:
            raise ValueError(f"`{count}` is not a number of tokens between 0 and {TOKENS_MAX:,}")
