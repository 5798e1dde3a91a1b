"""Know what is true: formats of everything that is signed, and the check of it."""
