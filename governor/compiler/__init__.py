"""Text to policy: YAML with positions, shapes, build, problems."""
