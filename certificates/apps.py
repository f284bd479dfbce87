from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"
    verbose_name = "证书"

    def ready(self):
        from . import handlers, panels

        handlers.connect()
        panels.register()
