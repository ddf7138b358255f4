"""``governor serve``: run the service."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from governor.core.errors import GovernorError
from governor.core.policy.place import GitPlace
from governor.edges.cli.options import DatabaseOption, PoliciesOption
from governor.edges.cli.printing import LogOption, log_format
from governor.settings import Settings, load_settings
from governor.wiring import serve as serve_forever

EXAMPLE = "Example: governor serve --policies policies --port 8080"


class AddressError(GovernorError):
    """The address cannot be listened on."""

    code = "address_unavailable"


def serve(
    *,
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port to listen on.", show_default="8080")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that share the port.", show_default="1")
    ] = None,
    output: LogOption = None,
) -> None:
    """Serve decisions over HTTP until stopped; what was accepted is finished first."""
    settings = load_settings(
        policies=policies,
        database_url=database,
        host=host,
        port=port,
        workers=workers,
        log_format=log_format(output),
    )
    _need_folder(settings.policies)
    _need_address(settings)
    serve_forever(settings)


def _need_folder(place: Path | GitPlace) -> None:
    if isinstance(place, Path) and not place.is_dir():
        raise GovernorError(
            f"there is no policy folder `{place}`; name one with --policies or GOVERNOR_POLICIES", code="no_policies"
        )


def _need_address(settings: Settings) -> None:
    """Try the addresses before anything is opened, so that a port in use is one sentence.

    Raises:
        AddressError: If one cannot be listened on.
    """
    _try(settings.host, settings.port, "--host or --port")
    if settings.open_port is not None:
        _try(settings.host, settings.open_port, "GOVERNOR_OPEN_PORT")


def _try(host: str, port: int, chosen_with: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AddressError(
                f"cannot listen on {host}:{port} ({(error.strerror or str(error)).lower()}); "
                f"choose another with {chosen_with}"
            ) from error
