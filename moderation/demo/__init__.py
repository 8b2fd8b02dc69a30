"""People who are made up, with believable months of work, to look at and to measure.

`people` makes a person, `living` tells their life day by day, `board` keeps their tasks
meanwhile, `clock` says when they were at work, and `seeding` copies the rows into the
database, batch by batch. Another table takes a `Table`, what writes its rows of one
life, and a line in `seeding.ROWS`.
"""
