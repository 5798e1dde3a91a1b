"""Act: every use of a signing key, from request to filed result."""
