"""What strangers need to try the portal: seeded laboratories, certificates issued in numbers. See docs/operations.md."""
