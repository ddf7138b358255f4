"""The command line: ``governor`` and ``python -m governor``."""

from governor.edges.cli.app import app


def main() -> None:
    """Run the command that ``sys.argv`` names; the exit code is 0 for yes, 1 for a finding, 2 for wrong use."""
    app(prog_name="governor")


if __name__ == "__main__":
    main()
