"""agentd answers a business's phone with an AI agent."""

from agentd.hookspecs import hookimpl

__all__ = ["__version__", "hookimpl"]
__version__ = "0.1.0"
