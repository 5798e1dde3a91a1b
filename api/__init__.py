"""Face the world: HTTP, pages, command line, settings and the clock."""
