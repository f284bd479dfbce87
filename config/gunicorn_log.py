"""gunicorn's own messages as lines of JSON: `gunicorn --logger-class config.gunicorn_log.LineLogger`."""

import logging

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.logs import LineFormatter


class LineLogger(Logger):
    """Tells in the portal's form what gunicorn has to tell."""

    def setup(self, cfg: Config) -> None:
        """What goes wrong is one line of JSON on stderr."""
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter())
        self.error_log.handlers = [handler]
