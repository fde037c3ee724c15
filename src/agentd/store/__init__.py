"""What is kept: the tables, the writer that follows the tapes, redaction, retention. The port is `agentd.storage`."""
