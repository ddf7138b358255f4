"""Reading the settings from the environment, and saying all that is wrong with them at once."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from governor.core.errors import GovernorError
from governor.core.field_words import in_plain_words
from governor.settings.fields import PREFIX, Settings

NOT_SETTINGS = ("GOVERNOR_KEY",)
"""Variables that are no settings but options of commands."""

OURS = ("GOVERNOR_TEST_", "GOVERNOR_BENCH_")
"""How the variables of the project's own tests and benchmarks begin."""

_SERVICE_LINK = re.compile(r"GOVERNOR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
"""What Kubernetes tells every container about a service whose name begins with ``governor``."""


class SettingsError(GovernorError):
    """A setting has a value that the server cannot work with; the message names the variable."""

    code = "invalid_settings"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment.

    Args:
        overrides: Values that win over the environment, by field name (what a command line says).

    Raises:
        SettingsError: If a value is wrong or a variable is misspelt; every one of them is named.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    problems = list(_misspelt(os.environ))
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems += [_sentence(problem) for problem in error.errors(include_input=False)]
        raise SettingsError("; ".join(problems)) from None
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def _misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """Say of every variable with our prefix that is not a setting what was meant: ignored, it would protect nothing."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    linked = "KUBERNETES_SERVICE_HOST" in environment
    for variable in sorted(name.upper() for name, value in environment.items() if value):
        if not variable.startswith(PREFIX) or variable.startswith(OURS) or variable in {*known, *NOT_SETTINGS}:
            continue
        if linked and _SERVICE_LINK.fullmatch(variable):
            continue
        near = get_close_matches(variable.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known], n=1)
        hint = f"did you mean {PREFIX}{near[0]}" if near else f"the settings are {', '.join(known)}"
        yield f"{variable} is not a setting; {hint}"


def _sentence(problem: Any) -> str:
    """Render one pydantic problem with the name of its variable; a rule of several variables names them itself."""
    if not problem["loc"]:
        return str(problem["msg"]).removeprefix("Value error, ")
    words = in_plain_words(problem["type"], problem["msg"], problem.get("ctx", {}))
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: {words}"
