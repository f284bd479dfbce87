from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "门户"

    def ready(self):
        from django.db.models.signals import post_migrate

        from .grants import grant_runtime_rights

        post_migrate.connect(grant_runtime_rights, sender=self, dispatch_uid="portal.grant_runtime_rights")
