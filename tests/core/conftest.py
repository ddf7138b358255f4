"""How the properties of the core are searched."""

from hypothesis import settings

# A deadline would make a test of what is true depend on what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
