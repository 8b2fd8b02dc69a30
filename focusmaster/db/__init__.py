"""How the apps reach PostgreSQL past the ORM: JSON rows and prepared statements.

Model fields, `JSONRows`, prepared queries, statement timeouts, advisory locks and
expiring rows. It imports Django and psycopg alone; every other package may import it.
"""
