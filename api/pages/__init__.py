"""Pages for people, which work without JavaScript."""
