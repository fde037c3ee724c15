"""The tables, as the newest migration leaves them. Times are milliseconds since 1970.

There are no foreign keys: what a full queue dropped may be a call's own row, and what is left of the call is still
worth keeping. `people.py` and `retention.py` remove rows by table, and tests hold them to all of these.

Columns that hold JSON are text: nobody searches in them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

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
    Column("job_ms", BigInteger),  # when the work after the call was begun
)
_without_job = Index("ix_calls_without_job", calls.c.ended_ms)


@event.listens_for(calls, "before_create")
def _only_calls_that_wait(target: Table, connection: Connection, **given: object) -> None:
    """Written into the index itself, the words for one dialect would import it, whatever the database is."""
    waits = text("job_ms IS NULL AND ended_ms IS NOT NULL")
    _without_job.dialect_kwargs[f"{connection.dialect.name}_where"] = waits


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
    Column("name", Text),
    Column("email", Text),
    Column("notes", Text),
    Column("fields", Text),  # JSON
)

slots = Table(
    "slots",
    metadata,
    Column("call_sid", String(64), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("filled", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("known", Text, nullable=False),  # JSON
)

call_notes = Table(
    "call_notes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("phone", Text, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
)

summaries = Table(
    "summaries",
    metadata,
    Column("call_sid", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
)

tool_calls = Table(
    "tool_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key", Text, nullable=False),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("turn", Integer, nullable=False),
    Column("agent", String(32), nullable=False),
    Column("tool", Text, nullable=False),
    Column("effect", String(16), nullable=False),
    Column("arguments", Text, nullable=False),  # JSON
    Column("ruling", String(16), nullable=False),
    Column("rule", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("result", Text, nullable=False),  # JSON
    Column("ms", Integer),
    Column("approval", String(64), nullable=False),
    Index("ix_tool_calls_tool", "tool", "at_ms"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("agent", String(32), nullable=False),
    Column("tool", Text, nullable=False),
    Column("arguments", Text, nullable=False),  # JSON
    Column("digest", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("asked_ms", BigInteger, nullable=False, index=True),
    Column("expires_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Column("decided_by", Text, nullable=False),
    Index("ix_approvals_state", "state", "asked_ms"),
)

leads = Table(
    "leads",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("phone", String(32), nullable=False),
    Column("playbook", Text, nullable=False),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("slots", Text, nullable=False),  # JSON
    Column("status", String(16), nullable=False),
    Column("summary", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False, index=True),
    UniqueConstraint("phone", "playbook"),
)

lead_tags = Table(
    "lead_tags",
    metadata,
    Column("lead_id", String(64), primary_key=True),
    Column("tag", Text, primary_key=True),
)

meetings = Table(
    "meetings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("from_ms", BigInteger, nullable=False, index=True),
    Column("until_ms", BigInteger, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("with_phone", Text, nullable=False, index=True),
    Column("with_name", Text, nullable=False),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key", Text, unique=True),  # the idempotency key of one of ours
    Column("provider_id", String(128), unique=True),
    Column("phone", Text, nullable=False),
    Column("ours", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Index("ix_messages_thread", "phone", "at_ms"),
)

effects = Table(
    "effects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("verb", String(32), primary_key=True),
    Column("result", Text, nullable=False),  # JSON
    Column("phone", Text, nullable=False, index=True),
    Column("call_sid", String(64), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
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
