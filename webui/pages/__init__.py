"""What people see: components, where they lie, and which endpoint each event is."""
