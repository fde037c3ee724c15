"""Durable work after calls, in a process of its own: `agentd jobs`. See docs/jobs.md.

It shares nothing with the daemon but the store, so that neither the import of DBOS (1.6 s), nor its threads, nor a kill
of either process disturbs the other.
"""
