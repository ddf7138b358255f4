"""The Slack door: commands, buttons, modals and App Home, over HTTP and Socket Mode. No rule lives here."""
