"""The command line: every command, in the order in which people meet them."""

from typing import Annotated

import typer

from governor import __version__
from governor.edges.cli.late import LateCommands
from governor.edges.cli.printing import say

SUMMARIES = {
    "demo": "Send a made-up working day through the real service, show what came of it, and keep serving.",
    "serve": "Serve decisions over HTTP until stopped; what was accepted is finished first.",
    "init": "Begin a policy repository: policies that are valid, tests that pass, checks, and owners who must agree.",
    "new": "Write a policy by answering questions, or by options; it is validated before it is written.",
    "validate": "Check a policy folder: exit code 0 if it can be used, 1 if it has errors, 2 if there is none.",
    "test": "Run the test suites of a policy folder: exit code 0 if all pass, 1 if not, 2 if there are none.",
    "fmt": "Lay out policy files alike; comments, quotes and every value stay as they are.",
    "decide": "Ask whether a model request may be made, and why; exit code 1 if not.",
    "explain": "Show what was asked, what was answered and why, what became of it, and the policies as they were then.",
    "budgets": "Show budgets with what is used, held and free, from the database or, with --url, from a server.",
    "statements": "Show what each budget's periods came to, with dated corrections.",
    "forecast": "Show where budgets will end, how surely, and how good such forecasts are; compare scenarios; draw.",
    "alerts": "Show what was said about money, to whom, and whether it arrived.",
    "handbook": "Write the policies as a handbook: who, what, how much, per when, and who can say yes.",
    "report": "Report what models were used for, what it cost and what came of it.",
    "replay": "Run recorded requests through the policies, in memory, on the clock of the recording.",
    "plan": "Show what a change of the policies says, and what it would have meant for recorded requests.",
    "comment": "Write a plan as a comment on a pull request or merge request, or replace the one of an earlier run.",
    "policies": "Show which commits of the policies went live and what they say, sync the branch, and roll back.",
    "exceptions": "Ask for exceptions, decide about them, look back at them, and prove that their records are whole.",
    "block": "Stop a user, service account, key, team, use case or model at once, and let it go on.",
    "adjust": "Post a credit, a debit or an opening balance on a budget, with a reason; an entry, never an edit.",
    "prices": "Re-rate recorded usage after a price was corrected.",
    "jobs": "Show every job of the scheduler: when it is due, who runs it, when it last ran and what came of it.",
    "scheduler": "Run the jobs without serving: those that `governor serve` runs too, unless GOVERNOR_SCHEDULER=off.",
    "slack": "Make the Slack app, look whether it is set up well, and find out who is who.",
    "keys": "Make, list, rotate and revoke the keys that callers need.",
    "db": "Look at the schema of the database, bring it up to date, and forget old texts.",
    "ledger": "Prove that the ledger is right.",
    "schema": "The JSON Schemas of the policy language, and its reference.",
    "settings": "Print every setting with its value, unit, default and source; secrets are only said to be set.",
}
"""What each command does, so that help is there without importing any: the first words of its own help."""

ROOMS = {"exceptions": "approvals"}
"""Commands whose module has another name."""


class Commands(LateCommands):
    """All commands."""

    summaries = SUMMARIES
    rooms = ROOMS


app = typer.Typer(
    name="governor",
    cls=Commands,
    help="Policy-as-code governance for AI token budgets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Start with: governor demo",
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"governor {__version__}")
        raise typer.Exit


@app.callback()
def governor(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Policy-as-code governance for AI token budgets."""
