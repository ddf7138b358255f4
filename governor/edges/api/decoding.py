"""From bytes to checked values: one decoder for each shape, and errors in words that a caller can act on."""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
import msgspec.inspect

from governor.core.errors import InvalidRequestError
from governor.core.field_words import decoded_in_plain_words
from governor.edges.api.errors import ApiError
from governor.edges.api.repeated_fields import refuse_repeated_fields

T = TypeVar("T")

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_ENUM = re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL)
_PATH = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.[^.\[]+|\[[^\]]*\]")


class BodyDecoder(Generic[T]):
    """Decodes JSON bodies of one shape.

    Args:
        shape: The struct of the body.
        nested: Path of each nested object (``".subject"``) to its struct, so that a misspelt field can be named.
        parts_are_checked: True if the body only holds others that are decoded each by itself: then a control
            character or a repeated field in one of them is the fault of that one alone.
    """

    def __init__(
        self, shape: type[T], nested: Mapping[str, type[Any]] | None = None, *, parts_are_checked: bool = False
    ) -> None:
        self._parts_are_checked = parts_are_checked
        self._decode = msgspec.json.Decoder(shape).decode
        self._convert_type = shape
        self._fields = {"": _names(shape)} | {path: _names(inner) for path, inner in (nested or {}).items()}

    def decode(self, body: bytes) -> T:
        """Decode a body.

        Raises:
            ApiError: ``malformed_json`` if it is not JSON, ``unknown_field`` if a field is not known.
            InvalidRequestError: If a value has the wrong type, is out of range, or holds control characters, or an
                object names a field twice.
        """
        try:
            value = self._decode(body)
        except msgspec.ValidationError as error:
            raise self._explained(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _malformed(error) from None
        refuse_repeated_fields(body, parts_are_checked=self._parts_are_checked)
        if not self._parts_are_checked:
            refuse_control_characters(body)
        return value

    def convert(self, value: Any) -> T:
        """Check a value that was decoded already (the data of a CloudEvent); raises as ``decode`` does."""
        try:
            return msgspec.convert(value, self._convert_type)
        except msgspec.ValidationError as error:
            raise self._explained(str(error)) from None

    def _explained(self, text: str) -> InvalidRequestError | ApiError:
        where = _PATH.search(text)
        path = where["path"] if where else ""
        sentence = text[: where.start()] if where else text
        unknown = _UNKNOWN.fullmatch(sentence)
        if unknown is not None:
            return self._unknown_field(unknown["name"], path)
        field = path.lstrip(".")
        at = f" at `{field[:80]}`" if field else ""
        if where and where["key"]:
            at = f" at the names in `{field[:80]}`"
        wrong = _ENUM.fullmatch(sentence)
        if wrong is not None:
            words = ", ".join(_choices(msgspec.inspect.type_info(self._convert_type), path))
            return InvalidRequestError(
                f"`{wrong['value'].strip(chr(39))[:80]}` is not known{at}; write one of {words}", field=field[:200]
            )
        missing = _MISSING.fullmatch(sentence)
        if missing is not None:
            field = f"{field}.{missing['name']}".lstrip(".")
        return InvalidRequestError(f"{decoded_in_plain_words(sentence)}{at}", field=field[:200])

    def _unknown_field(self, name: str, path: str) -> ApiError:
        known = self._fields.get(re.sub(r"\[.*?\]", "", path), ())
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        shown = name[:80]
        field = f"{path}.{shown}".lstrip(".")
        others = f"known are {', '.join(sorted(known))}" if known else "it takes none; leave it out"
        hint = f"did you mean `{near[0]}`" if near else others
        return ApiError(
            f"`{field}` is not a field of this request; {hint}",
            code="unknown_field",
            field=field,
            nearest=near[0] if near else None,
        )


def _names(shape: type[Any]) -> tuple[str, ...]:
    return tuple(getattr(shape, "__struct_encode_fields__", ()))


def _choices(kind: msgspec.inspect.Type, path: str) -> list[str]:
    """Return the words that may stand at a path of a shape (``.subject.asserted_by``, ``.can[0]``)."""
    kinds = [kind]
    for step in [*_STEP.findall(path), ""]:
        kinds = [inner for each in kinds for inner in _unwrapped(each)]
        if step.startswith("["):
            kinds = [each.item_type for each in kinds if isinstance(each, msgspec.inspect.CollectionType)]
        elif step:
            structs = [each for each in kinds if isinstance(each, msgspec.inspect.StructType)]
            kinds = [field.type for each in structs for field in each.fields if f".{field.encode_name}" == step]
    enums = [str(each.value) for kind in kinds if isinstance(kind, msgspec.inspect.EnumType) for each in kind.cls]
    return enums + [
        str(each) for kind in kinds if isinstance(kind, msgspec.inspect.LiteralType) for each in kind.values
    ]


def _unwrapped(kind: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """Return what a type is without its descriptions: the members of a union."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _unwrapped(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return [inner for each in kind.types for inner in _unwrapped(each)]
    return [kind]


def _malformed(error: Exception) -> ApiError:
    text = str(error)
    position = re.search(r"\(byte \d+\)", text)
    at = f" {position[0]}" if position else ""
    return ApiError(f"the body is not JSON{at}; send UTF-8 JSON without NaN or Infinity", code="malformed_json")


def refuse_control_characters(body: bytes) -> None:
    """Refuse control characters in any text of a JSON body: they would make log lines and budget scopes ambiguous.

    A raw control character below U+0020 is not JSON, so one can only come escaped, as DEL, or as a C1 character: a body
    without backslash, 0x7F and 0xC2 is clean, which three searches tell.

    Raises:
        InvalidRequestError: If there is one.
    """
    if b"\\" in body or b"\x7f" in body or b"\xc2" in body:
        refuse_controls_in(msgspec.json.decode(body))


def refuse_controls_in(value: Any) -> None:
    """Refuse control characters in any text of a decoded value; raises as ``refuse_controls`` does."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            refuse_controls(item)
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def refuse_controls(text: str) -> None:
    """Refuse a text with control characters.

    Raises:
        InvalidRequestError: If there is one.
    """
    if text.isprintable():
        return
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            raise InvalidRequestError(
                f"control character U+{ord(character):04X} in `{text.encode('unicode_escape').decode()[:40]}`"
            )
