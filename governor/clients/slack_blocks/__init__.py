"""What Governor says in Slack: pure functions from values to Block Kit, one message or modal a file."""
