"""See the README of this plugin."""
