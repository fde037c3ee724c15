"""Errors with a stable code and whose fault it is; what a log line, an exit code and a reader need.

Only these cross a floor. A library's own exception is turned into one of them where the library is called.
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """Who must act: decides the exit code, the log level, and whether a retry can help."""

    OURS = "ours"
    OPERATOR = "operator"
    PEER = "peer"
    ENGINE = "engine"
    PLUGIN = "plugin"


class AgentdError(Exception):
    """Base of every error that agentd raises on purpose."""

    code = "agentd"
    fault = Fault.OURS


class ConfigError(AgentdError):
    """A setting, file or environment that cannot be used. The command line exits with 2.

    `where` names the file or the environment, `key` the setting; `cure` is a sentence that an operator
    can act on.
    """

    code = "config"
    fault = Fault.OPERATOR

    def __init__(self, where: str, key: str, problem: str, cure: str) -> None:
        super().__init__(f"{where}: {key}: {problem}. Cure: {cure}")
        self.where, self.key, self.problem, self.cure = where, key, problem, cure


class PeerError(AgentdError):
    """The other end broke the protocol. `code` is a short stable name ("bad-json"), never the payload."""

    fault = Fault.PEER

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class EngineError(AgentdError):
    """An engine failed. `retryable`: the same request may work if it is sent again at once."""

    code = "engine"
    fault = Fault.ENGINE

    def __init__(self, message: str, *, retryable: bool = False, engine: str = "") -> None:
        super().__init__(f"{engine}: {message}" if engine else message)
        self.retryable, self.engine = retryable, engine


class PluginFailed(AgentdError):
    """A plugin raised, or returned what its hook may not return. Contained: the call goes on."""

    code = "plugin"
    fault = Fault.PLUGIN

    def __init__(self, name: str, cause: BaseException | str) -> None:
        super().__init__(f"{name}: {cause if isinstance(cause, str) else repr(cause)}")
        self.name, self.cause = name, cause


class IllegalTransition(AgentdError):
    """A state change that the table of `core.call_state` does not hold: a bug of ours, loud in tests."""

    code = "illegal-transition"
