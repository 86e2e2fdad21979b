"""What all interfaces over HTTP share: envelope, errors, paging, addresses, limits, access control, logs, figures."""
