"""agentd answers a business's phone with an AI agent."""

import pluggy

__all__ = ["__version__", "hookimpl"]
__version__ = "0.1.0"
hookimpl = pluggy.HookimplMarker("agentd")
"""Marks a plugin's function as one of the hooks of `agentd.hookspecs`."""
