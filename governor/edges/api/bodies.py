"""Reading request bodies from ASGI, bounded."""

from starlette.types import Message, Receive, Scope

from governor.edges.api.errors import ApiError


class ClientGoneError(Exception):
    """The caller hung up before its request was complete: there is nobody to answer."""


def header(scope: Scope, name: bytes) -> bytes:
    """Return a header's value, or ``b""``; the name is lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


async def read_body(scope: Scope, receive: Receive, size_max: int) -> bytes:
    """Read the whole body.

    Args:
        scope: The request.
        receive: Where the body comes from.
        size_max: The most that is read, in bytes.

    Raises:
        ApiError: ``body_too_large``, before the rest is read.
        ClientGoneError: If the caller hung up.
    """
    announced = header(scope, b"content-length")
    if announced.isdigit() and int(announced) > size_max:
        raise too_large(size_max)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > size_max:
            raise too_large(size_max)
        return body
    return await _rest(message, receive, size_max)


async def _rest(message: Message, receive: Receive, size_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > size_max:
            raise too_large(size_max)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def too_large(size_max: int) -> ApiError:
    """Make the error for a body over the limit."""
    return ApiError(
        f"the body is larger than {size_max:,} bytes; send less, or raise GOVERNOR_REQUEST_SIZE_MAX",
        code="body_too_large",
        size_max=size_max,
    )


def media_type(scope: Scope) -> str:
    """Return the content type without its parameters, lower case; ``""`` if the caller names none."""
    return header(scope, b"content-type").split(b";", 1)[0].strip().lower().decode("latin-1")


def require_json(scope: Scope) -> None:
    """Refuse a body that says it is something else than JSON; no content type is taken for JSON.

    Raises:
        ApiError: ``unsupported_media_type``.
    """
    raw = header(scope, b"content-type")
    if raw == b"application/json" or not raw:
        return
    media = media_type(scope)
    if media != "application/json":
        raise ApiError(
            f"`{media[:80]}` is not read here; send application/json",
            code="unsupported_media_type",
            accepted=["application/json"],
        )
