"""The whole house of jobs, as `agentd jobs run` has it, with Twilio at the other end of a real socket."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import trio

from agentd.config import Settings
from agentd.events import Private
from agentd.jobs import listing
from agentd.jobs.house import run_jobs
from agentd.jobs.place import Place
from agentd.storage import SlotsRow
from agentd.testing.contracts.store import CALLER, a_call
from tests.jobs.jobs_play import opened
from tests.web.fake_api import ACCOUNT, AUTH_TOKEN, fake_api

TEMPLATE = "HX" + "0" * 32
WORKFLOWS = f"""
[[workflows]]
on = "call-ended"
do = ["summary.generate", "leads.upsert", "calls.log_create", "whatsapp.send"]
text = "Thank you for calling, {{name}}."
template = "{TEMPLATE}"
"""


def playbook(tmp_path: Path) -> Path:
    """The shipped receptionist, with other workflows."""
    shipped = (resources.files("agentd.agents") / "playbooks" / "receptionist-en.toml").read_text("utf-8")
    head, _, rest = shipped.partition("[[workflows]]")
    tables = rest[rest.index("\n[phrases]") :] if "\n[phrases]" in rest else ""
    file = tmp_path / "office.toml"
    file.write_text(head + WORKFLOWS + tables, "utf-8")
    return file


async def test_a_job_that_is_done_all_over_again_makes_no_effect_again(tmp_path: Path) -> None:
    async with fake_api() as api:
        settings = Settings.of(
            state_dir=tmp_path / "state",
            language_code="en-US",
            playbook=str(playbook(tmp_path)),
            plugins=("scripted",),
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=AUTH_TOKEN,
            twilio_api_url=api.url,
            public_base_url="https://voice.example.com",
            whatsapp_provider="twilio",
            twilio_whatsapp_from="+97239999999",
        )
        place = Place.of(settings)
        async with opened(settings) as store:
            known = SlotsRow("CA1", 1, 8, 3000, 1, 1, Private('{"name": "Dana"}'))
            await store.write([*a_call("CA1"), known])
            for again in (False, True):
                if again:  # as if no step of it had ever been recorded
                    with listing._client(place) as client:
                        assert client is not None
                        client.rewind_workflow("after-call-CA1", start_step=1)
                with trio.fail_after(60):
                    await run_jobs(settings, once=True)
                [job] = listing.jobs(place)
                assert (job.state, job.why) == ("done", "")
                person, call = await store.person(CALLER), await store.conversation("CA1")
                assert call is not None
                assert [note.text.text for note in call.notes] == ["Thank you for calling, Dana."]
                assert [lead.name.text for lead in person.dealings.leads] == ["Dana"]
                [message] = api.messages
                assert (message["To"], message["ContentSid"]) == (f"whatsapp:{CALLER.text}", TEMPLATE)
    tools = [(row.tool, row.outcome) for row in call.tool_calls]
    assert len(tools) == 8  # all of them are on record, those of the second time as well
    assert {outcome for _, outcome in tools} == {"ok"}
