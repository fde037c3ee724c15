"""Calls, their turns and transcripts, and recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.String(64), primary_key=True),
        sa.Column("caller", sa.Text, nullable=False, index=True),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("streams", sa.Integer, nullable=False),
        sa.Column("began_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("crash", sa.Text),
    )
    op.create_table(
        "turns",
        sa.Column("call_sid", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("stt_first_partial_ms", sa.Integer),
        sa.Column("stt_final_ms", sa.Integer),
        sa.Column("eou_wait_ms", sa.Integer),
        sa.Column("tts_ready_ms", sa.Integer),
        sa.Column("total_latency_ms", sa.Integer),
        sa.Column("barge_in_hit", sa.Boolean, nullable=False),
        sa.Column("eou_reason", sa.String(32)),
        sa.Column("speculative", sa.Boolean, nullable=False),
        sa.Column("filler", sa.Boolean, nullable=False),
    )
    op.create_table(
        "transcripts",
        sa.Column("call_sid", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("who", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("cut", sa.Boolean, nullable=False),
    )
    op.create_table(
        "recordings",
        sa.Column("recording_sid", sa.String(64), primary_key=True),
        sa.Column("call_sid", sa.String(64), nullable=False, index=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("duration_s", sa.Integer),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    )
