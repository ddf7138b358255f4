"""Asking on the pages: what stands in the way is offered, mistakes stand at their field, and nothing is asked twice."""

import re
from pathlib import Path

import pytest

from governor.core.approvals.request import Act
from governor.core.decisions.ids import id_bytes
from governor.services.approvals.read import RequestQuery, list_requests
from governor.store.approval_records import read_records
from tests.api.world import Server, question
from tests.approvals.world import NOON, user
from tests.web.conftest import Browser
from tests.web.test_pages import asked

LINK = "https://governor.example/web/ask?kind=model&lifts=ModelAllowlist%2Feconomy&models=acme%2Flarge"


async def test_a_form_that_is_sent_twice_is_one_request(site: Server, people: dict[str, Browser]) -> None:
    """A second click leads to what the first one made, also where it was granted at once; another wish is another."""
    ada = people["ada"]
    form = await ada.get("/ask?kind=budget&lifts=Quota/team-spend&whom=team%3Dplatform")
    fields = {"amount_usd": "50", "until": "2026-11-30", "justification": "one more run"}
    shown = await ada.send(form, "/ask", **fields, do="preview")
    sent = [await ada.send(shown, "/ask", **fields, do="send") for _ in range(2)]
    changed = {**fields, "amount_usd": "40"}
    edited = await ada.send(shown, "/ask", **changed, do="send")
    again = await ada.send(edited, "/ask", **changed, do="send")
    made = (await list_requests(site.governor.desk, RequestQuery(), NOON)).requests

    assert sent[0].url == sent[1].url != again.url
    assert (422, True) == (edited.status_code, "This form was sent before, with something else in it" in edited.text)
    assert [40 * 10**9, 50 * 10**9] == [one.terms.amount_nano_usd for one in made]


@pytest.mark.parametrize("amount_usd", ["50", "400"], ids=["granted", "waits"])
async def test_longer_is_asked_for_once(site: Server, people: dict[str, Browser], amount_usd: str) -> None:
    """A second click leads to what the first one made, whether it waits or was granted at once."""
    path = f"/requests/{await asked(site, 40)}"
    page = await people["ada"].get(path)
    sent = [await people["ada"].send(page, "/extend", until="2026-12-10", amount_usd=amount_usd) for _ in range(2)]
    made = (await list_requests(site.governor.desk, RequestQuery(), NOON)).requests
    acts = await site.governor.database.read(
        lambda connection: [one.transition.act for one in read_records(connection, subject_id=id_bytes(made[0].id))]
    )

    assert [200, 200] == [one.status_code for one in sent]
    assert sent[0].url == sent[1].url != f"https://governor.example/web{path}"
    assert (2, 1) == (len(made), acts.count(Act.REQUESTED))
    assert Act.JOINED not in acts


async def test_what_was_refused_leads_to_the_form(site: Server, people: dict[str, Browser]) -> None:
    """A deny names the page; so does the list of what was refused, each once; what nobody may lift has no link."""
    asking = question(model="large", subject={"user": user("ada")}, input_tokens=100, max_output_tokens=10)
    async with site.client() as gateway:
        answers = [(await gateway.post("/decide", json=asking)).json() for _ in range(2)]
    [remedy] = [one for one in answers[0]["remedies"] if one["type"] == "request_exception"]
    listed = await people["ada"].get("/refused")
    form = await people["ada"].get(remedy["url"].removeprefix("https://governor.example/web"))

    assert "/ai-budget request" == remedy["slack"]
    assert LINK == remedy["url"]
    assert ("and 1 more like it" in listed.text, 'value="acme/large"' in form.text) == (True, True)
    assert '<option value="model" selected>' in form.text


async def test_what_else_stands_in_the_way_is_offered(site: Server, people: dict[str, Browser], policies: Path) -> None:
    """The department's budget is spent as well: one tick lifts it too, and what was written stays."""
    (policies / "more.yaml").write_text(
        "apiVersion: governor/v1\nkind: Quota\nname: department-spend\nper: [department]\nlimit: 0 USD\nperiod: month\n"
    )
    teams = policies / "company.yaml"
    teams.write_text(teams.read_text().replace("limit: 10 USD", "limit: 0 USD"))
    await site.governor.publisher.reload()
    ada, also = people["ada"], "Quota/department-spend"
    form = await ada.get("/ask?kind=budget&lifts=Quota/team-spend&whom=team%3Dplatform")
    fields = {"amount_usd": "500", "until": "2026-11-30", "justification": "one more run over everything"}
    shown = await ada.send(form, "/ask", **fields, do="preview")
    ticked = await ada.send(shown, "/ask", **fields, lifts=["Quota/team-spend", also], do="preview")

    assert f'name="lifts" value="{also}" form="wish"' in shown.text
    assert "This alone will not help: Quota/department-spend is in the way too" in shown.text
    assert 'type="checkbox" name="lifts"' not in ticked.text
    assert f'value="Quota/team-spend, {also}"' in ticked.text


async def test_mistakes_stand_at_their_field(site: Server, people: dict[str, Browser]) -> None:
    """The form keeps what was written, marks the field and says what is wrong."""
    form = await people["ada"].get("/ask")
    wrong = await people["ada"].send(form, "/ask", lifts="Quota/nothing", until="2026-11-30", justification="why not")

    assert (422, True, True) == (
        wrong.status_code,
        "There is no policy `Quota/nothing`" in wrong.text,
        "why not" in wrong.text,
    )
    assert re.search(r'id="lifts"[^>]*aria-invalid', wrong.text)
