"""What staff see and do: people, roles, bans, audit log, feedback, errors, activity.

`audit/` holds the log's chain and archives, `demo/` makes demonstration data. It may
import every other app, and none imports it.
"""
