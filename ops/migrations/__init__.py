"""The history of the tables' shape, for Alembic."""
