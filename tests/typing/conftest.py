"""Programs that are read by type checkers, and not collected."""

collect_ignore = ["programs"]
