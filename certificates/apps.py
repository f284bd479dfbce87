from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"
    verbose_name = "证书"

    def ready(self):
        from . import handlers, leaves, panels  # noqa: F401  the leaves register themselves

        handlers.connect()
        panels.register()
