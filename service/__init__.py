"""The HTTP service: app factory, settings, database, and one folder per domain. It never computes speech itself."""
