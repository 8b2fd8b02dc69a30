"""How staff's pages write days and moments. Django's own for English come before any
setting: Nov. 25, 2026, 4:36 a.m."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "Y-m-d H:i"
