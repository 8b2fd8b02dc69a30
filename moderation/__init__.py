"""Bans, audit log, feedback, and what staff see of the other apps."""
