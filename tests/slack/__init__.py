"""Governor's Slack app, tested against a server that behaves like Slack."""
