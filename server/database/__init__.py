"""Where the server keeps rows: SQLite on one machine, PostgreSQL for several; SQLAlchemy Core on sync connections."""
