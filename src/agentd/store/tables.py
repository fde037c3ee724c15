"""The tables, as the newest migration leaves them. Times are milliseconds since 1970.

There are no foreign keys: what a full queue dropped may be a call's own row, and what is left of the call is still
worth keeping. `people.py` and `retention.py` remove rows by table, and tests hold them to all of these.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table, Text

metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("call_sid", String(64), primary_key=True),
    Column("caller", Text, nullable=False, index=True),
    Column("called", Text, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("streams", Integer, nullable=False),
    Column("began_ms", BigInteger, nullable=False, index=True),
    Column("ended_ms", BigInteger),
    Column("reason", Text),
    Column("crash", Text),
)

turns = Table(
    "turns",
    metadata,
    Column("call_sid", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("turn", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("stt_first_partial_ms", Integer),
    Column("stt_final_ms", Integer),
    Column("eou_wait_ms", Integer),
    Column("tts_ready_ms", Integer),
    Column("total_latency_ms", Integer),
    Column("barge_in_hit", Boolean, nullable=False),
    Column("eou_reason", String(32)),
    Column("speculative", Boolean, nullable=False),
    Column("filler", Boolean, nullable=False),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("call_sid", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("who", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("cut", Boolean, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    Column("recording_sid", String(64), primary_key=True),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("status", String(32), nullable=False),
    Column("duration_s", Integer),
    Column("at_ms", BigInteger, nullable=False, index=True),
)

customers = Table(
    "customers",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
