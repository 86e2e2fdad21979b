"""What the endpoints do. Method and parameter names are the client API; tests compare them with the recorded one."""
