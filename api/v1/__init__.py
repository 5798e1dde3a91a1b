"""HTTP interface, version 1: one router per noun."""
