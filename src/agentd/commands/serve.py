"""`agentd serve`: the daemon, until SIGTERM has drained it."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from agentd.commands._common import config_option, load_settings


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port; 0 takes a free one. [PORT]")
@click.option("--bind", help="Address to listen on. [BIND]")
@click.option("--stt", help="Recognisers in order of preference. [STT_ENGINE]")
@click.option("--llm", help="Models in order of preference. [LLM_ENGINE]")
@click.option("--tts", help="Voices in order of preference. [TTS_ENGINE]")
@click.option("--playbook", help="Path or shipped name of the playbook. [PLAYBOOK]")
@config_option
def command(
    port: int | None,
    bind: str | None,
    stt: str | None,
    llm: str | None,
    tts: str | None,
    playbook: str | None,
    config: Path | None,
) -> None:
    """Answer calls, until SIGTERM: then no new ones, and the live ones may finish (DRAIN_SEC).

    \b
    agentd serve --bind 127.0.0.1 --port 8080
    agentd serve --stt google,openai-whisper --llm openai:gpt-x --tts google
    agentd serve --stt scripted --llm scripted --tts scripted     (no models, for tests and load)

    Flags win over the environment, and the environment over agentd.toml.
    """
    settings = load_settings(
        config, port=port, bind=bind, stt_engine=stt, llm_engine=llm, tts_engine=tts, playbook=playbook
    )
    import trio

    from agentd.daemon import serve
    from agentd.telemetry.logs import Logs

    with Logs(settings):
        for warning in settings.warnings:
            logging.getLogger("agentd").warning(warning)
        trio.run(serve, settings)
