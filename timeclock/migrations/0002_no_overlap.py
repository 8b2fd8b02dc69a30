"""Refuse two work logs of one user that share some time.

An exclusion constraint on the user and a range of time would need an extension for
the user, an id of bytes. One on a range alone needs none, so each user gets a stretch
of the numbers for themselves: the id, read as a number of 96 bits, times the length of
such a stretch. The seconds since 1970 count on from there. All that PostgreSQL takes
for a time is less than a tenth of that length away from 1970, but for `infinity`.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DecimalRangeField, RangeOperators
from django.db import migrations, models

OWNER = """(
        ('x' || encode(substr(owner, 1, 4), 'hex'))::bit(32)::bigint
            * 18446744073709551616
        + ('x' || encode(substr(owner, 5, 8), 'hex'))::bit(64)::bigint
    ) * 100000000000000"""
SECONDS = "extract(epoch FROM {at} - '1970-01-01 00:00:00+00'::timestamptz)"
STARTED, ENDED = SECONDS.format(at="started_at"), SECONDS.format(at="ended_at")

# A log without an end has that of all times. One without any length has an empty range,
# which overlaps nothing.
FUNCTION = f"""
CREATE FUNCTION timeclock_span(
    owner bytea, started_at timestamptz, ended_at timestamptz
) RETURNS numrange LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN numrange(
    {OWNER} + {STARTED},
    {OWNER} + coalesce({ENDED}, 10000000000000)
)
"""


class Migration(migrations.Migration):
    dependencies = [("timeclock", "0001_work_logs")]

    operations = [
        migrations.RunSQL(
            FUNCTION, "DROP FUNCTION timeclock_span(bytea, timestamptz, timestamptz)"
        ),
        migrations.AddConstraint(
            model_name="worklog",
            constraint=ExclusionConstraint(
                name="timeclock_worklog_no_overlap",
                expressions=[
                    (
                        models.Func(
                            "user",
                            "started_at",
                            "ended_at",
                            function="timeclock_span",
                            output_field=DecimalRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        ),
    ]
