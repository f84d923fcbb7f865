"""
Jobs that are kept in a PostgreSQL database, which several gateways share.

It is loaded only when it is asked for: psycopg comes with the extra C{[postgresql]}.
"""
