"""The engine as a process of its own: child, wire format and the supervisor that starts it again."""
