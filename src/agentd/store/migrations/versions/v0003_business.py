"""The business: what calls came to (slots, notes, summaries), tool calls and approvals, leads, meetings, messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name in ("name", "email", "notes", "fields"):
        op.add_column("customers", sa.Column(name, sa.Text))
    _jobs()
    op.create_table(
        "slots",
        sa.Column("call_sid", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("filled", sa.Integer, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("known", sa.Text, nullable=False),
    )
    op.create_table(
        "call_notes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("phone", sa.Text, nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "summaries",
        sa.Column("call_sid", sa.String(64), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "tool_calls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("effect", sa.String(16), nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("ruling", sa.String(16), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("ms", sa.Integer),
        sa.Column("approval", sa.String(64), nullable=False),
    )
    op.create_index("ix_tool_calls_tool", "tool_calls", ["tool", "at_ms"])
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("decided_ms", sa.BigInteger),
        sa.Column("decided_by", sa.Text, nullable=False),
    )
    op.create_index("ix_approvals_state", "approvals", ["state", "asked_ms"])
    op.create_table(
        "leads",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("playbook", sa.Text, nullable=False),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slots", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False, index=True),
        sa.UniqueConstraint("phone", "playbook"),
    )
    op.create_table(
        "lead_tags",
        sa.Column("lead_id", sa.String(64), primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
    )
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("from_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("until_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("with_phone", sa.Text, nullable=False, index=True),
        sa.Column("with_name", sa.Text, nullable=False),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("provider_id", sa.String(128), unique=True),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("ours", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("status", sa.String(16), nullable=False),
    )
    op.create_index("ix_messages_thread", "messages", ["phone", "at_ms"])
    op.create_table(
        "effects",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("verb", sa.String(32), primary_key=True),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False, index=True),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    )


def _jobs() -> None:
    """Calls from before this migration get no job any more: nobody wants to hear of last month's call now."""
    op.add_column("calls", sa.Column("job_ms", sa.BigInteger))
    op.execute("UPDATE calls SET job_ms = ended_ms")
    waits = sa.text("job_ms IS NULL AND ended_ms IS NOT NULL")
    op.create_index("ix_calls_without_job", "calls", ["ended_ms"], sqlite_where=waits, postgresql_where=waits)
