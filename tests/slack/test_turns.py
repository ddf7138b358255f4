"""One message a second in a channel, whichever worker sends it."""

from contextlib import AsyncExitStack

from governor.clients.slack import open_slack_client
from governor.clients.slack_blocks.elements import section
from governor.clients.slack_blocks.message import Message
from governor.services.slack.turns import BACKLOG_S_MAX, SharedTurns
from governor.store.database import Database
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import BOT_TOKEN

WORKERS = 3
EACH = 4


async def test_all_workers_together_send_a_message_a_second(database_url: str, slack: SlackServer) -> None:
    """Three workers with a client and a connection post to one channel in turn, and Slack never has to refuse."""
    workspace = slack.workspace
    workspace.add_channel("ai")
    clock = workspace.clock
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(WORKERS):
            database = Database(database_url)
            stack.push_async_callback(database.close)
            opened = open_slack_client(
                BOT_TOKEN, slack.api_url, turns=SharedTurns(database), time_s=clock, pause=clock.pause
            )
            clients.append(await stack.enter_async_context(opened))
        for number in range(EACH):
            message = Message(f"hello {number}", (section("hello"),))
            for client in clients:
                await client.post("#ai", message)

    assert WORKERS * EACH == len(workspace.messages) == len(workspace.calls), "none was refused and sent again"


async def test_turns_are_a_second_apart_whoever_gives_them_out(database: Database) -> None:
    """In one conversation; another one does not wait, and what was free long ago is free now."""
    first, second = SharedTurns(database), SharedTurns(database)
    given = [await turns("#ai", 100.0) for turns in (first, second, second, first)]

    assert [100.0, 101.0, 102.0, 103.0] == given
    assert (100.0, 500.0) == (await second("#other", 100.0), await first("#ai", 500.0))


async def test_a_clock_that_was_set_back_does_not_silence_a_channel(database: Database) -> None:
    """A turn in the far future is nobody's backlog."""
    turns = SharedTurns(database)
    await turns("#ai", 5_000.0)

    assert 100.0 == await turns("#ai", 100.0)
    assert 101.0 == await turns("#ai", 100.0)
    assert BACKLOG_S_MAX < 5_000.0 - 100.0
