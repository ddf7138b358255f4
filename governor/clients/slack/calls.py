"""One call to Slack: waiting when it says so, trying again when that can do no harm, and naming what went wrong."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from governor.core.errors import GovernorError

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

ATTEMPTS = 4
"""How often a call is made before Slack counts as unavailable."""

FIRST_PAUSE_S = 0.5
"""How long is waited after the first failure; then twice as long each time."""

LONGEST_WAIT_S = 60.0
"""A ``Retry-After`` above it is not waited for here: whoever called tries again later."""

_SERVER_ERROR = 500
_OK = 200
_TOO_MANY = 429


class SlackError(GovernorError):
    """Slack refused a call. ``error`` is its word for why, like ``not_in_channel``."""

    code = "slack_refused"

    def __init__(self, error: str, *, needed: str = "", fields: tuple[str, ...] = ()) -> None:
        about = f"; it needs the scope {needed}" if needed else ""
        about += f": {'; '.join(fields)}" if fields else ""
        super().__init__(f"slack refused: {error}{about}", error=error, needed=needed)
        self.error = error


class SlackUnavailableError(GovernorError):
    """Slack did not answer. ``perhaps_done``: the call may have been carried out all the same."""

    code = "slack_unavailable"

    def __init__(self, why: str, *, perhaps_done: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(f"slack does not answer ({why}); it is tried again later")
        self.perhaps_done = perhaps_done
        self.retry_after_s = retry_after_s


class Caller:
    """Makes calls.

    Args:
        pause: Waits for a number of seconds.
    """

    def __init__(self, pause: Callable[[float], Awaitable[None]]) -> None:
        self._pause = pause

    async def call(self, method: Callable[[], Awaitable[Any]], *, repeatable: bool = True) -> Mapping[str, Any]:
        """Make a call and return what Slack answers.

        Args:
            method: Makes the call once.
            repeatable: Whether doing it twice is the same as once.

        Raises:
            SlackError: If Slack refuses.
            SlackUnavailableError: If it cannot be reached, or asks for a long wait.
        """
        said, _ = await self.answer(method, repeatable=repeatable)
        return said

    async def answer(
        self, method: Callable[[], Awaitable[Any]], *, repeatable: bool = True
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Make a call and return what Slack answers, with the headers; see ``call``."""
        from slack_sdk.errors import SlackApiError  # noqa: PLC0415  heavy, and loaded already when a call is made

        async def once() -> tuple[Mapping[str, Any], Mapping[str, str]]:
            try:
                response = await method()
            except SlackApiError as error:
                raise _read(error) from error
            return response.data, response.headers

        return await self._try(once, repeatable=repeatable)

    async def post_json(self, session: "aiohttp.ClientSession", url: str, body: Mapping[str, Any]) -> None:
        """Post to an address that Slack gave for an answer; see ``call`` for the errors."""

        async def once() -> None:
            async with session.post(url, json=body) as response:
                if response.status == _TOO_MANY:
                    raise _busy(response.headers)
                if response.status >= _SERVER_ERROR:
                    raise SlackUnavailableError(f"status {response.status}", perhaps_done=True)
                text = await response.text()
                if response.status != _OK or '"ok":false' in text.replace(" ", ""):
                    raise SlackError(text[:200] or f"status {response.status}")

        await self._try(once, repeatable=False)

    async def _try(self, once: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        import aiohttp  # noqa: PLC0415  as above

        for attempt in range(ATTEMPTS):
            try:
                return await once()
            except SlackUnavailableError as error:
                failed = error
            except aiohttp.ClientConnectorError as error:
                # Nothing was sent.
                failed = SlackUnavailableError(type(error).__name__)
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                failed = SlackUnavailableError(type(error).__name__, perhaps_done=True)
            pause_s = failed.retry_after_s or FIRST_PAUSE_S * 2**attempt
            if (failed.perhaps_done and not repeatable) or pause_s > LONGEST_WAIT_S or attempt == ATTEMPTS - 1:
                raise failed
            await self._pause(pause_s)
        raise AssertionError("the last attempt returns or raises")


def _read(error: Any) -> GovernorError:
    """Tell from an answer of Slack what it means."""
    response = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    if status == _TOO_MANY:
        return _busy(response.headers)
    data = getattr(response, "data", None)
    if status >= _SERVER_ERROR or not isinstance(data, dict):
        return SlackUnavailableError(f"status {status}", perhaps_done=True)
    word = str(data.get("error", "unknown_error"))
    if word == "ratelimited":
        return _busy(response.headers)
    if word in {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}:
        return SlackUnavailableError(word, perhaps_done=True)
    details = (data.get("response_metadata") or {}).get("messages") or data.get("errors") or ()
    return SlackError(word, needed=str(data.get("needed", "")), fields=tuple(str(one)[:200] for one in details))


def _busy(headers: Mapping[str, str]) -> SlackUnavailableError:
    """Return that Slack has no time; nothing was done."""
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    wait_s = float(given) if str(given).isdigit() else 1.0
    return SlackUnavailableError(f"it asks to wait {wait_s:.0f} seconds", retry_after_s=wait_s)
