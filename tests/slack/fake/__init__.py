"""A server that behaves like Slack: its Web API over HTTP, Socket Mode over a websocket, its limits and errors."""
