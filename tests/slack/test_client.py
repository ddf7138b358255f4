"""Slack's Web API, as Governor asks it: limits, retries, and what is not known."""

import pytest

from governor.clients.slack import SlackClient, SlackError, SlackUnavailableError, open_slack_client
from governor.clients.slack_blocks.elements import section
from governor.clients.slack_blocks.message import Message
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import Workspace

HELLO = Message("hello", (section("hello"),))


async def test_a_message_stands_where_slack_says(workspace: Workspace, client: SlackClient) -> None:
    """By name, by id and as a direct message; the answer names the conversation's id."""
    channel = workspace.add_channel("ai")
    mia = workspace.add_person("mia", "mia@acme.example")
    posted = [await client.post(name, HELLO) for name in ("#ai", channel, mia)]

    assert [channel, channel, f"D{mia[1:]}"] == [one.channel for one in posted]
    assert [(one.channel, one.ts) for one in posted] == [(one.channel, one.ts) for one in workspace.messages]


async def test_one_message_a_second_in_a_channel(workspace: Workspace, client: SlackClient) -> None:
    """Five in one channel take four seconds and are never refused; another channel does not wait."""
    workspace.add_channel("ai")
    workspace.add_channel("other")
    for _ in range(5):
        await client.post("#ai", HELLO)
    await client.post("#other", HELLO)

    assert [1.0] * 4 == workspace.clock.paused_s
    assert 6 == len(workspace.messages) == len(workspace.calls), "none was refused and sent again"


async def test_a_channel_that_is_busy_is_asked_again_when_slack_says(workspace: Workspace, client: SlackClient) -> None:
    """429 with ``Retry-After``: nothing was done, so the very same call is made again."""
    workspace.add_channel("ai")
    workspace.fail("chat.postMessage", retry_after_s=7)
    await client.post("#ai", HELLO)

    assert [7.0] == workspace.clock.paused_s
    assert 1 == len(workspace.messages)


async def test_a_long_wait_is_left_to_whoever_asked(workspace: Workspace, client: SlackClient) -> None:
    """Nobody waits for minutes inside a call."""
    workspace.add_channel("ai")
    workspace.fail("chat.postMessage", retry_after_s=600)
    with pytest.raises(SlackUnavailableError) as caught:
        await client.post("#ai", HELLO)

    assert (600.0, False) == (caught.value.retry_after_s, caught.value.perhaps_done)


@pytest.mark.parametrize("how", [{"drop": True}, {"status": 502}, {"error": "internal_error"}])
async def test_what_may_stand_there_is_not_posted_again(
    workspace: Workspace, client: SlackClient, how: dict[str, object]
) -> None:
    """Slack posts the message and the answer is lost: it is unknown, and found again by its key."""
    channel = workspace.add_channel("ai")
    workspace.fail("chat.postMessage", after=True, **how)
    with pytest.raises(SlackUnavailableError) as caught:
        await client.post("#ai", HELLO, key="card-1")
    found = await client.find(channel, "card-1", workspace.clock() - 60)

    assert caught.value.perhaps_done
    assert found is not None
    assert [found.ts] == [one.ts for one in workspace.messages]


async def test_a_message_that_is_not_there_is_not_found(workspace: Workspace, client: SlackClient) -> None:
    """Another key, or a message from before, is not it; a person's id means the direct message."""
    mia = workspace.add_person("mia", "mia@acme.example")
    await client.post(mia, HELLO, key="card-1")
    workspace.clock.now_s += 100

    assert await client.find(mia, "card-1", workspace.clock() - 200) is not None
    assert await client.find(mia, "card-2", workspace.clock() - 200) is None
    assert await client.find(mia, "card-1", workspace.clock() - 50) is None


async def test_an_answer_in_a_thread_is_found_there(workspace: Workspace, client: SlackClient) -> None:
    """A conversation's history does not have it."""
    workspace.add_channel("ai")
    card = await client.post("#ai", HELLO, key="card-1")
    answer = await client.post("#ai", HELLO, thread_ts=card.ts, key="question-1")
    since_s = workspace.clock() - 60

    assert await client.find("#ai", "question-1", since_s) is None
    assert answer == await client.find("#ai", "question-1", since_s, thread_ts=card.ts)


async def test_an_update_is_tried_again(workspace: Workspace, client: SlackClient) -> None:
    """Doing it twice is the same as once."""
    workspace.add_channel("ai")
    posted = await client.post("#ai", HELLO)
    workspace.fail("chat.update", times=2, drop=True, after=True)
    await client.update(posted, Message("bye", (section("bye"),)))

    assert "bye" == workspace.messages[0].text


async def test_a_slack_that_is_down_is_unavailable(workspace: Workspace, client: SlackClient) -> None:
    """After some attempts, each after a longer pause."""
    workspace.down = True
    with pytest.raises(SlackUnavailableError):
        await client.introduce()

    assert [0.5, 1.0, 2.0] == workspace.clock.paused_s


async def test_a_slack_that_is_not_there_was_sent_nothing() -> None:
    """A refused connection did nothing, so that posting again is safe."""

    async def pause(_: float) -> None:
        """Do not wait."""

    async with open_slack_client("xoxb-test", "http://127.0.0.1:9", pause=pause) as client:
        with pytest.raises(SlackUnavailableError) as caught:
            await client.post("#ai", HELLO)

    assert not caught.value.perhaps_done


@pytest.mark.parametrize(("channel", "word"), [("#nowhere", "channel_not_found"), ("#closed", "not_in_channel")])
async def test_a_refusal_names_slacks_word(workspace: Workspace, client: SlackClient, channel: str, word: str) -> None:
    """What Slack refuses is not tried again."""
    workspace.add_channel("closed", member=False)
    with pytest.raises(SlackError) as caught:
        await client.post(channel, HELLO)

    assert word == caught.value.error
    assert [] == workspace.clock.paused_s


async def test_a_missing_scope_is_named(workspace: Workspace, client: SlackClient) -> None:
    """The message says which scope to add."""
    workspace.scopes.discard("users:read")
    with pytest.raises(SlackError) as caught:
        await client.people()

    assert "slack refused: missing_scope; it needs the scope users:read" == caught.value.message


async def test_blocks_that_slack_does_not_take_are_explained(workspace: Workspace, client: SlackClient) -> None:
    """The error quotes where."""
    workspace.add_channel("ai")
    wrong = Message("x", ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},))
    with pytest.raises(SlackError) as caught:
        await client.post("#ai", wrong)

    assert "invalid_blocks" == caught.value.error
    assert "/blocks/0/text" in caught.value.message


async def test_lists_are_read_to_their_end(workspace: Workspace, client: SlackClient) -> None:
    """450 people come on three pages."""
    for number in range(449):
        workspace.add_person(f"p{number}", f"p{number}@acme.example")

    assert 450 == len(await client.people())


async def test_the_bot_introduces_itself_with_its_scopes(workspace: Workspace, client: SlackClient) -> None:
    """``auth.test`` tells the scopes in a header."""
    introduction = await client.introduce()

    assert (frozenset(workspace.scopes), "U0BOT") == (introduction.scopes, introduction.user)


async def test_a_trigger_opens_one_modal_within_three_seconds(workspace: Workspace, client: SlackClient) -> None:
    """The made-up Slack is as strict as the real one."""
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    early, late = workspace.trigger(), workspace.trigger()
    await client.open_view(early, view)
    workspace.clock.now_s += 3.1
    errors = []
    for trigger in (early, late):
        with pytest.raises(SlackError) as caught:
            await client.open_view(trigger, view)
        errors.append(caught.value.error)

    assert ["exchanged_trigger_id", "expired_trigger_id"] == errors


async def test_an_answer_goes_where_slack_said(slack: SlackServer, client: SlackClient) -> None:
    """A command is answered at its own address, and only whoever asked sees it."""
    await client.answer(f"{slack.url}{slack.workspace.response_path()}", HELLO)
    with pytest.raises(SlackError):
        await client.answer(f"{slack.url}/response/none", HELLO)

    assert ["ephemeral"] == [answer["response_type"] for answer in slack.workspace.answers]
