"""``governor exceptions``: ask, decide, look back and audit on the command line, also when Slack is down."""

import typer

from governor.edges.cli.approvals.asking import asking_commands
from governor.edges.cli.approvals.deciding import deciding_commands
from governor.edges.cli.approvals.granted import granted_commands
from governor.edges.cli.approvals.looking import looking_commands
from governor.edges.cli.approvals.promoting import promoting_commands
from governor.edges.cli.mistakes import MistakeGroup

app = typer.Typer(
    name="exceptions",
    cls=MistakeGroup,
    help="Ask for exceptions, decide about them, look back at them, and prove that their records are whole.",
    no_args_is_help=True,
    epilog="Example: governor exceptions list --state pending",
)

for add in (looking_commands, asking_commands, deciding_commands, granted_commands, promoting_commands):
    add(app)
