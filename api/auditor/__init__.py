"""The auditor's checker as a program of its own: the standard library, `cryptography` and `verify`, and no server."""
