"""Wiring of the portal. The Celery app is loaded here so that every `@shared_task` finds it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
