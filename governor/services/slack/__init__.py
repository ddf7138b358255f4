"""Slack as a projection of the database: who is who there, what should stand there, and whether it is set up well."""
