"""For agentd's own tests and for plugin authors': whole calls at the wire, in virtual time.

A play is an async function; `play.play(fn, seed=...)` runs it with a clock that jumps over every wait. In it a
`fake_twilio.FakeTwilio` stands at the other end of the call, a `caller.Caller` speaks and listens, and the engines of
`scripted` say what they were told:

    async def scene() -> None:
        twilio, stt = FakeTwilio(), ScriptedSTT()
        caller = Caller(twilio, stt)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(the_call, twilio.media)
            twilio.start(token="...")
            await caller.says("do you have a flat in Haifa?")
            assert await caller.hears(within_s=1.0) < 0.6
            await caller.interrupts(after_s=1.0)
            await caller.hangs_up()

`cancel_everywhere.cancel_everywhere` repeats a scene with the cancellation one task step later each time.
"""
