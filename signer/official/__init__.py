"""Official documents (公文): files of others, sealed by an office. `pages` and `pdf` run in the child process only."""
