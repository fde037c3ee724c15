"""Webhooks over the wire: answers, refusals, repeats."""

from __future__ import annotations

import io
import wave
from hashlib import sha256

import pytest
import trio

from agentd.core.media_stream import Start
from agentd.core.signature import sign
from agentd.events import Private, Webhook
from agentd.facts import Incoming
from agentd.web.twilio_rest import Told
from tests.web.house import ACCOUNT, BASE, TOKEN, House, call_form, house, plain_client, token_in, twiml

POSTS = [
    "/webhook/incoming_call",
    "/webhook/stream_status",
    "/webhook/call_status",
    "/webhook/stream_ended",
    "/webhook/handle_recording",
    "/webhook/dial_ended",
]


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(16000 * seconds)))
    return file.getvalue()


async def quiet(made: House) -> list[Webhook]:
    """The webhook events, once the queue has been worked off."""
    await trio.testing.wait_all_tasks_blocked(0.01)
    return [event for event in made.events if isinstance(event, Webhook)]


@pytest.mark.parametrize("path", POSTS)
async def test_each_webhook_answers_with_and_without_a_slash_itself_and_get_is_405(path: str) -> None:
    async with house() as made:
        for form in (path, path + "/"):
            answer = await made.post(form, call_form())
            assert answer.status_code in (200, 204), answer.text
            assert (await made.get(form)).status_code == 405


async def test_the_answer_to_a_call() -> None:
    async with house() as made:
        answer = await made.post("/webhook/incoming_call", call_form())
        root = twiml(answer)
        assert [child.tag for child in root] == ["Connect"]
        assert root.find("Connect").get("action") == BASE + "/webhook/stream_ended"
        stream = root.find("Connect/Stream")
        assert stream.get("statusCallback") == BASE + "/webhook/stream_status"
        parameters = {p.get("name"): p.get("value") for p in stream}
        assert parameters.keys() == {"call_sid", "from", "to", "token"}
        assert (parameters["call_sid"], parameters["from"]) == ("CA1", "+972501234567")
        facts = made.door.admissions.admit(Start("CA1", "MZ1", ACCOUNT, parameters), made.door.clock())
        assert facts.caller.text == "+972501234567"
        assert parameters["token"] not in repr(made.events)
        assert "501234567" not in repr(made.events)


async def test_the_preview_is_the_same_document_without_a_usable_token() -> None:
    async with house() as made:
        for path in ("/webhook/incoming_call_preview", "/webhook/incoming_call_preview/"):
            preview = await made.get(path)
            assert preview.headers["content-type"] == "application/xml; charset=utf-8"
            assert twiml(preview).find("Connect/Stream").get("url") == "wss://agent.example.com/ws/twilio-media"
            assert token_in(preview) == "preview"
        assert (await made.post("/webhook/incoming_call_preview")).status_code == 405


@pytest.mark.parametrize("path", POSTS)
async def test_a_missing_or_forged_signature_is_403_and_does_nothing(path: str) -> None:
    async with house() as made, plain_client() as client:
        form = call_form(AccountSid=ACCOUNT)
        for headers in (
            {},
            {"X-Twilio-Signature": ""},
            {"X-Twilio-Signature": "nonsense"},
            {"X-Twilio-Signature": "é".encode("latin-1").decode("latin-1")},
            {"X-Twilio-Signature": sign("other", BASE + path, tuple(form.items()))},
            {"X-Twilio-Signature": sign(TOKEN, BASE + path)},
            {"X-Twilio-Signature": sign(TOKEN, made.url + path, tuple(form.items()))},
        ):
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            assert (await client.post(made.url + path, data=form, headers=encoded)).status_code == 403
        events = await quiet(made)
        assert len(events) == 7
        assert {event.reason for event in events} == {"signature missing", "signature wrong"}
        assert made.door.admissions.next_deadline() == float("inf")


async def test_the_query_is_signed_too() -> None:
    async with house() as made:
        assert (await made.post("/webhook/incoming_call?a=%20b&c=", call_form())).status_code == 200
        form = {"AccountSid": ACCOUNT, **call_form()}
        signature = sign(TOKEN, BASE + "/webhook/incoming_call", tuple(form.items()))
        forged = await made.post("/webhook/incoming_call?x=1", call_form(), headers={"X-Twilio-Signature": signature})
        assert forged.status_code == 403


async def test_the_second_token_is_accepted() -> None:
    async with house(twilio_auth_token="new" * 10, twilio_auth_token_2=TOKEN) as made:
        assert (await made.post("/webhook/incoming_call", call_form())).status_code == 200


async def test_another_account_is_403_although_signed() -> None:
    async with house() as made:
        answer = await made.post("/webhook/incoming_call", call_form(AccountSid="AC" + "b" * 32))
        assert answer.status_code == 403
        assert (await quiet(made))[-1].reason == "another account"


async def test_json_needs_its_hash_and_is_not_taken_for_a_form() -> None:
    async with house() as made, plain_client() as client:
        body = b'{"CallSid": "CA1"}'
        headers = {"Content-Type": "application/json"}
        good = "/webhook/call_status?bodySHA256=" + sha256(body).hexdigest()
        for path, status in ((good, 400), ("/webhook/call_status", 403)):
            signed = headers | {"X-Twilio-Signature": sign(TOKEN, BASE + path)}
            assert (await client.post(made.url + path, content=body, headers=signed)).status_code == status


async def test_bodies_that_are_no_form_get_an_answer_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    async with house() as made, plain_client() as client:
        for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/xml"):
            for body in (b"", b"\xff\xfe%zz&&==", b"--x\r\nbroken", b"a" * 60_000):
                headers = {"Content-Type": content_type, "X-Twilio-Signature": "x"}
                answer = await client.post(made.url + "/webhook/incoming_call", content=body, headers=headers)
                assert answer.status_code in (403, 429)
        big = await client.post(made.url + "/webhook/incoming_call", content=b"a" * 70_000)
        assert big.status_code == 413
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_flood_of_unsigned_requests_is_slowed_and_signed_ones_pass() -> None:
    async with house() as made, plain_client() as client:
        statuses = [(await client.post(made.url + "/webhook/incoming_call")).status_code for _ in range(120)]
        assert set(statuses[:50]) == {403}
        assert 429 in statuses
        assert made.door.counts["webhook_flood_total"] == statuses.count(429)
        assert (await made.post("/webhook/incoming_call", call_form())).status_code == 200
        assert len(await quiet(made)) <= 121 - statuses.count(429)


@pytest.mark.parametrize("call_sid", ["", "x" * 65, "CA1\n", "<CA>"])
async def test_a_call_without_a_usable_sid_is_400(call_sid: str) -> None:
    async with house() as made:
        for path in ("/webhook/incoming_call", "/webhook/call_status", "/webhook/stream_ended"):
            assert (await made.post(path, call_form(call_sid))).status_code == 400


async def test_a_retried_call_gets_a_new_token() -> None:
    async with house(max_calls=1) as made:
        first = token_in(await made.post("/webhook/incoming_call", call_form()))
        second = token_in(await made.post("/webhook/incoming_call", call_form()))
        assert first != second


async def test_too_many_calls_are_told_politely_in_their_language() -> None:
    async with house(max_calls=1, language_code="en-US") as made:
        await made.post("/webhook/incoming_call", call_form("CA1"))
        answer = await made.post("/webhook/incoming_call", call_form("CA2", "anonymous"))
        assert answer.status_code == 200
        say = twiml(answer).find("Say")
        assert say.get("language") == "en-US"
        assert say.text.startswith("All our lines are busy")
        assert (await quiet(made))[-1].reason == "refused: max-calls"
        assert made.door.counts["refused_max-calls_total"] == 1


async def test_the_busy_phrase_is_played_from_our_cache_and_served() -> None:
    async with house(max_calls=1) as made:
        made.audio["busy"] = wav(1.0)
        made.phrases["busy"] = "הקו תפוס"
        await made.post("/webhook/incoming_call", call_form("CA1"))
        play = twiml(await made.post("/webhook/incoming_call", call_form("CA2", "anonymous"))).find("Play")
        assert play.text == BASE + "/phrases/busy.wav"
        served = await made.get("/phrases/busy.wav")
        assert (served.status_code, served.headers["content-type"]) == (200, "audio/wav")
        assert served.content == made.audio["busy"]
        for missing in ("/phrases/other.wav", "/phrases/..%2Fx.wav", "/phrases/.wav"):
            assert (await made.get(missing)).status_code == 404


async def test_a_caller_with_two_calls_gets_no_third() -> None:
    async with house(fallback_number="+97230000000") as made:
        for n in range(3):
            answer = await made.post("/webhook/incoming_call", call_form(f"CA{n}"))
        assert twiml(answer).find("Dial/Number").text == "+97230000000"
        assert (
            twiml(await made.post("/webhook/incoming_call", call_form("CA9", "anonymous"))).find("Connect") is not None
        )


async def test_draining_and_a_plugins_refusal() -> None:
    async with house(fallback_number="+97230000000") as made:
        made.refuse = "We are closed & asleep."
        assert twiml(await made.post("/webhook/incoming_call", call_form())).find("Say").text == made.refuse
        made.refuse = None
        made.door.admissions.draining = True
        made.state = "draining"
        assert twiml(await made.post("/webhook/incoming_call", call_form())).find("Dial") is not None
        ready = await made.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"state": "draining"})
        made.state = "ready"
        assert (await made.get("/readyz")).status_code == 200


async def test_the_greeting_is_played_first_only_when_asked_and_lengthens_the_tokens_time() -> None:
    async with house(twiml_play_greeting=True) as made:
        made.audio["greeting"], made.phrases["greeting"] = wav(3.0), "שלום"
        answer = await made.post("/webhook/incoming_call", call_form())
        assert [child.tag for child in twiml(answer)] == ["Play", "Connect"]
        assert made.door.admissions.next_deadline() - made.door.clock() == pytest.approx(8.0, abs=1.0)
        del made.audio["greeting"]
        assert twiml(await made.post("/webhook/incoming_call", call_form())).find("Say").text == "שלום"


async def test_a_final_status_wins_whatever_the_order_and_repeats_change_nothing() -> None:
    async with house() as made:
        await made.post("/webhook/incoming_call", call_form())
        order = [("2", "in-progress"), ("3", "completed"), ("1", "ringing"), ("3", "completed"), ("0", "initiated")]
        for number, status in order:
            form = call_form(CallStatus=status, SequenceNumber=number)
            assert (await made.post("/webhook/call_status", form)).status_code == 204
        await quiet(made)
        assert made.ended == [("CA1", None, "call-completed")]
        ended = twiml(await made.post("/webhook/stream_ended", call_form(CallStatus="in-progress")))
        assert list(ended) == []


async def test_a_full_status_queue_is_503_so_that_twilio_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house() as made:
        monkeypatch.setattr(made.front.webhooks.statuses, "offer", lambda _: False)
        answer = await made.post("/webhook/call_status", call_form())
        assert answer.status_code == 503
        assert made.door.counts["status_queue_full_total"] == 1


async def test_stream_status_is_told_once_per_event_in_order() -> None:
    async with house() as made:
        for event, at in (("stream-started", "1"), ("stream-started", "1"), ("stream-error", "2")):
            form = {"CallSid": "CA1", "StreamSid": "MZ1", "StreamEvent": event, "Timestamp": f"2026-01-01T00:00:0{at}Z"}
            if event == "stream-error":
                form["StreamError"] = "31924"
            assert (await made.post("/webhook/stream_status", form)).status_code == 204
        told = [event.reason for event in await quiet(made) if event.reason]
        assert told == ["stream-started", "stream-error: 31924"]


async def test_a_lost_stream_is_resumed_and_a_transfer_is_dialled() -> None:
    async with house() as made:
        clock = made.door.clock
        parameters = {"token": token_in(await made.post("/webhook/incoming_call", call_form()))}
        facts = made.door.admissions.admit(Start("CA1", "MZ1", ACCOUNT, parameters), clock())
        made.door.admissions.lost(facts, clock())
        resume = await made.post("/webhook/stream_ended", call_form(CallStatus="in-progress"))
        assert resume.headers["content-type"].startswith("text/xml")
        assert twiml(resume).find("Connect/Stream") is not None
        again = await made.post("/webhook/stream_ended", call_form(CallStatus="in-progress"))
        assert token_in(again) == token_in(resume)
        facts = made.door.admissions.admit(Start("CA1", "MZ2", ACCOUNT, {"token": token_in(resume)}), clock())
        assert facts.resumed
        made.door.admissions.decide("CA1", b"<?xml version='1.0'?><Response><Dial>+97231</Dial></Response>")
        for _ in range(2):
            assert twiml(await made.post("/webhook/stream_ended", call_form())).find("Dial").text == "+97231"


async def test_a_stream_that_never_comes_back_ends_in_voicemail() -> None:
    async with house(public_base_url=BASE + "/") as made:
        now = made.door.clock()
        for n in range(2):  # lost twice before
            made.door.admissions.after_stream(Incoming("CA1", Private("+1"), "+2"), now - 100 + 10 * n)
        answer = twiml(await made.post("/webhook/stream_ended", call_form(CallStatus="in-progress")))
        assert [child.tag for child in answer] == ["Say", "Record"]
        assert answer.find("Record").get("action") == BASE + "/webhook/handle_recording"


async def test_recordings_are_kept_and_a_voicemail_is_thanked_for() -> None:
    async with house(language_code="en-US") as made:
        form = {
            "CallSid": "CA1",
            "RecordingSid": "RE1",
            "RecordingUrl": "https://api.twilio.com/r/RE1",
            "RecordingDuration": "12",
        }
        thanks = twiml(await made.post("/webhook/handle_recording", form))
        assert [child.tag for child in thanks] == ["Say", "Hangup"]
        status = form | {"RecordingStatus": "completed", "RecordingChannels": "2", "RecordingSource": "RecordVerb"}
        assert (await made.post("/webhook/handle_recording", status)).status_code == 204
        assert [(r.recording_sid, r.status, r.duration_s, r.channels) for r in made.recordings] == [
            ("RE1", "", 12, None),
            ("RE1", "completed", 12, 2),
        ]
        odd = {"CallSid": "CA1", "RecordingStatus": "absent", "RecordingDuration": "x", "RecordingChannels": "-1"}
        assert (await made.post("/webhook/handle_recording", odd)).status_code == 204


async def test_unknown_paths_are_404_and_double_slashes_are_not_redirected() -> None:
    async with house() as made:
        for path in ("/", "/nothing", "//webhook/incoming_call", "/webhook//incoming_call", "/static/x"):
            assert (await made.get(path)).status_code in (404, 405)


async def test_what_becomes_of_a_message_is_handed_on_with_our_own_id() -> None:
    async with house() as made:
        form = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "63016"}
        answer = await made.post("/webhook/twilio/whatsapp/status?note=abc", form)
        assert answer.status_code == 204
        await made.post("/webhook/twilio/whatsapp/status", form | {"MessageStatus": "read", "ErrorCode": ""})
        assert made.told == [Told("abc", "SM1", "failed", "63016"), Told("", "SM1", "read")]
        for path, fields in (("?note=%3Cx", form), ("", {"MessageStatus": "sent"})):
            assert (await made.post("/webhook/twilio/whatsapp/status" + path, fields)).status_code == 400
        made.deaf = True
        assert (await made.post("/webhook/twilio/whatsapp/status", form)).status_code == 503
