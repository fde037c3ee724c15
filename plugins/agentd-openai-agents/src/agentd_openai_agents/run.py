"""One run of the SDK over one call: from the material to a summary, or to a wait. Imported on the side loop only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OutputGuardrail,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunResult,
    RunState,
    TResponseInputItem,
    set_tracing_disabled,
)
from agents.exceptions import (
    AgentsException,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
)
from agents.items import ToolApprovalItem
from openai.types.shared import Reasoning

from agentd.back_office import Case, Closed, Waiting
from agentd.errors import EngineError
from agentd.events import Private
from agentd_openai_agents.access import Access
from agentd_openai_agents.gate import Gate
from agentd_openai_agents.kept import Kept, keep
from agentd_openai_agents.tools import DeskTools
from agentd_openai_agents.words import instructions, material, objection, speaks_protocol, texts_of

ENGINE = "openai-agents"
MOST_TURNS = 10  # requests to the model; a call needs three or four
MOST_TOKENS = 1_500  # of one answer
TEMPERATURE = 0.2  # a summary is no place for invention
CONNECT_S, SILENT_S = 3.0, 60.0  # of the HTTP client; how long all of it may take is for the caller to say
NO_ARGUMENTS = '{"error": "the arguments are no JSON object"}'

# These think before they speak, and refuse tools in chat completions unless told not to (and refuse a temperature).
_THINKS = re.compile(r"gpt-(5\.|[6-9]|\d\d)")
_THINKS_ANYWAY = re.compile(r"(gpt-5(?!\.)|o\d)")

set_tracing_disabled(True)  # for what is done outside a run as well: traces go to OpenAI, with all that was said


async def after_call(access: Access, case: Case, gate: Gate, kept: Kept | None) -> Closed | Waiting:
    """As `BackOffice.after_call`, on the side loop."""
    timeout = openai.Timeout(SILENT_S, connect=CONNECT_S)
    with _as_engine_errors():
        async with openai.AsyncOpenAI(
            api_key=access.key, base_url=access.base_url, max_retries=0, timeout=timeout
        ) as client:
            return await _run(access, case, gate, kept, client)


async def _run(
    access: Access, case: Case, gate: Gate, kept: Kept | None, client: openai.AsyncOpenAI
) -> Closed | Waiting:
    tools = DeskTools(gate)
    agent = Agent[None](
        name="back office",
        instructions=instructions(case),
        model=OpenAIChatCompletionsModel(access.model, client),
        model_settings=_settings(access),
        tools=[*tools.tools],
        input_guardrails=[InputGuardrail(_no_protocol, name="protocol", run_in_parallel=False)],
        output_guardrails=[OutputGuardrail(_of_this_call(case, gate), name="of this call")],
    )
    what: str | RunState[Any] = material(case) if kept is None else await RunState.from_json(agent, kept.run)
    while True:
        result = await Runner.run(agent, what, max_turns=MOST_TURNS, run_config=_CONFIG)
        if not result.interruptions:
            return Closed(Private(str(result.final_output).strip()))
        state = result.to_state()
        if not await _unjudged(state, result, tools):
            return Waiting(keep(state.to_json(), gate.done))
        what = state


_CONFIG = RunConfig(
    tracing_disabled=True, trace_include_sensitive_data=False, tool_not_found_behavior="return_error_to_model"
)


def _settings(access: Access) -> ModelSettings:
    thinks = _THINKS.match(access.model) is not None
    plain = not thinks and not _THINKS_ANYWAY.match(access.model)
    return ModelSettings(
        temperature=TEMPERATURE if plain else None,
        max_tokens=MOST_TOKENS if plain else None,
        reasoning=Reasoning(effort="none") if thinks else None,
        store=False if access.is_openai else None,  # else OpenAI keeps what was said for a month
    )


async def _unjudged(state: RunState[Any], result: RunResult, tools: DeskTools) -> bool:
    """The SDK asks for approval, without asking us, of a call whose arguments it cannot read. Were there any such? They
    have been judged, or turned down for good."""
    strange = [item for item in result.interruptions if item.call_id not in tools.waiting]
    for item in strange:
        arguments = _arguments(item)
        if arguments is None:
            state.reject(item, rejection_message=NO_ARGUMENTS)
        elif not await tools.judge(tools.named(item.name or ""), arguments, item.call_id or ""):
            state.approve(item)
    return any(item.call_id not in tools.waiting for item in strange)


def _arguments(item: ToolApprovalItem) -> dict[str, Any] | None:
    """None for what is none; {} for nothing at all, which is how some models call a tool that takes none."""
    try:
        arguments = json.loads(item.arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None


def _no_protocol(
    context: RunContextWrapper[Any], agent: Agent[Any], told: str | list[TResponseInputItem]
) -> GuardrailFunctionOutput:
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, default=str)
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered=speaks_protocol(text))


def _of_this_call(case: Case, gate: Gate) -> Any:
    def check(context: RunContextWrapper[Any], agent: Agent[Any], summary: Any) -> GuardrailFunctionOutput:
        why = objection(str(summary), texts_of(case, gate.done))
        return GuardrailFunctionOutput(output_info=why, tripwire_triggered=bool(why))

    return check


@contextmanager
def _as_engine_errors() -> Iterator[None]:
    """No message of the SDK's or a server's is repeated: they quote what was said."""
    try:
        yield
    except InputGuardrailTripwireTriggered:
        raise EngineError("the conversation speaks a model's own protocol", engine=ENGINE) from None
    except OutputGuardrailTripwireTriggered as error:
        why = error.guardrail_result.output.output_info
        raise EngineError(f"the summary is turned down: {why}", retryable=True, engine=ENGINE) from None
    except MaxTurnsExceeded:
        raise EngineError(f"no summary after {MOST_TURNS} requests", retryable=True, engine=ENGINE) from None
    except openai.APIStatusError as error:
        status = error.status_code
        may_pass = status >= 500 or status in (408, 409, 429)
        raise EngineError(f"the model's server answers {status}", retryable=may_pass, engine=ENGINE) from None
    except openai.APIConnectionError as error:
        raise EngineError(
            f"the model's server cannot be reached ({type(error).__name__})", retryable=True, engine=ENGINE
        ) from None
    except (AgentsException, openai.OpenAIError) as error:
        raise EngineError(f"the run failed ({type(error).__name__})", retryable=True, engine=ENGINE) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # an answer of another shape
        raise EngineError(f"an answer makes no sense ({type(error).__name__})", retryable=True, engine=ENGINE) from None
