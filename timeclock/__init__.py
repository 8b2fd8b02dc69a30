"""Work logs: clocking in and out."""
