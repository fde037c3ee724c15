"""How long each stage may take, and how often it may be tried: every figure of the chains, with its source.

No settings: they hang together (an engine's patience must fit into the answer clock, two of them into 3 s of silence).
Seconds, unless the name says otherwise. "RELIABILITY" and "SPEC" name the rows of the specification; a guess is called
one.
"""

from __future__ import annotations

# --- all engines: RELIABILITY 3, "breaker (5 in 30 s opens 20 s)"
BREAKER_FAILURES = 5
BREAKER_WINDOW_S = 30.0
BREAKER_OPEN_S = 20.0

# --- models
LLM_HARD_S = 6.0  # from the question to the first word, over the whole chain (RELIABILITY 1)
LLM_GAP_S = 2.0  # between two words (RELIABILITY 1)
LLM_FIRST_WORD_S = (
    2.0  # a model that has not said a word by then may be given up: the answer clock's patience (SPEC 4.4)
)
LLM_HEDGE_S = 0.6 * LLM_FIRST_WORD_S  # then the next one is asked beside it; healthy ones begin in 0.3-0.8 s
LLM_BESIDE = 2  # models asked at once: what a slow one can cost
LLM_RETRY_S = 0.6  # the same model is asked again only within this (SPEC 4.3)
LLM_RETRY_PAUSE_S = (0.05, 0.15)  # so that calls that failed together do not come back together (a guess)
LLM_GO_ON_S = 3.0  # to go on with a reply that broke off: as long as a caller may hear nothing (SPEC 4.4)

# --- voices
TTS_FIRST_AUDIO_S = 1.5  # RELIABILITY 1; two voices in turn stay within 3 s
TTS_GAP_S = 2.0  # in mid-phrase; as for the model (a guess)
TTS_LEAST_S_PER_CHAR = 0.2 * 0.06  # SPEC 4.3: shorter than 20 % of 60 ms a character is no speech
TTS_HOLD_S = 0.08  # a voice this slow to give that much is believed: its first audio waits no longer (a guess)
TTS_RATES_HZ = range(8000, 48001)
BANK_FIRST_AUDIO_S = 10.0  # filling the bank at start: nobody waits on the line, and models may still be warming up

# --- recognisers
STT_CONNECT_S = 2.0  # RELIABILITY 1
STT_REPLAY_S = 3.0  # RELIABILITY 3: "retry in < 500 ms with the last 3 s replayed"
STT_AGAIN_S = (0.15, 0.35)  # before the second session; within those 500 ms, and not all calls at once
STT_SAME_ENGINE = 2  # sessions without a result before the next engine has its turn
STT_STALLED_S = 4.0  # SPEC 4.2: of voice without a transcript
STT_STALLED_MOST_S = 32.0  # doubled up to this while no engine finds words: music, or a machine that cannot keep up
STT_BEHIND = 100  # pieces (8 to 10 s) that an engine may leave unread; more is a stall too
STT_MOST_TEXT = 2000  # characters: longer than anyone speaks in one utterance
STT_FAIL_BACK_S = BREAKER_OPEN_S  # on a later engine before the first is tried again; doubled each time
STT_DEAF_S = 2.0  # before the first engine is tried although every breaker is open (a guess)
STT_UNHEARD_MS = 500  # voice without words below which nobody is asked: a cough (SPEC 2.9: 400 ms; pieces are coarser)
STT_DOUBT_MS = 1000  # of silence after it: about when the caller is asked to repeat (SPEC 2.6: 1.2 s from T1)
STT_KEPT_MS = 10_000  # of such an utterance, for a second opinion (SPEC 4.1: "<= 10 s of audio")
STT_LEAD_IN_MS = 300  # of audio before its first voice (SPEC 2.1)
STT_ALONE_S = 1.0  # more, when only the same engine can be asked: one that is busy must not be kept busier (a guess)
STT_SECOND_OPINION_S = 5.0  # for it to come: later, the caller has long said it again (a guess)
