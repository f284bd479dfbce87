#!/usr/bin/env python
"""Entry point of every management command."""

import os
import sys


def main() -> None:
    """The command named on the command line has run with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["relay"] and settings.PRODUCTION:
        from config.checks import refuse_unsafe_role

        refuse_unsafe_role()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
