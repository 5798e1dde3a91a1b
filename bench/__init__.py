"""Speed, shown as ratios against a named rival in the same run (`make bench`)."""
