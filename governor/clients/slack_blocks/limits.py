"""How much Slack takes, from https://docs.slack.dev/reference/block-kit and .../reference/views, in characters."""

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
SECTION = 3_000
FIELD = 2_000
FIELDS = 10
HEADER = 150
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
BUTTON = 75
VALUE = 2_000
URL = 3_000
OPTION = 75
OPTION_VALUE = 150
OPTIONS = 100
LABEL = 2_000
PLACEHOLDER = 150
VIEW_TITLE = 24
METADATA = 3_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
MESSAGE_TEXT = 4_000
"""The text beside blocks: what a notification shows. Slack recommends this much, and cuts at 40,000."""
