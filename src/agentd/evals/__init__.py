"""Scripted dialogues against a playbook: what was found out, which rules were kept, how long it took."""
