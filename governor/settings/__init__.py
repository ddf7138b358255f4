"""How a server is configured: environment variables ``GOVERNOR_*``."""

from governor.settings.describe import SettingRow, describe_settings
from governor.settings.fields import PREFIX, Settings
from governor.settings.load import SettingsError, load_settings

__all__ = [
    "PREFIX",
    "SettingRow",
    "Settings",
    "SettingsError",
    "describe_settings",
    "load_settings",
]
