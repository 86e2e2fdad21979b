"""The queue on RabbitMQ: messages in and out, work that wakes workers, events between processes.

Nothing here is imported unless the setting ``broker`` is given, but for the tables, which are always there.
"""
