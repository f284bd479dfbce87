from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "门户"

    def ready(self):
        from django.db.models.signals import post_migrate
        from django.forms import Field

        from . import documents, finders, orphans, panels, searching  # noqa: F401  they register what they hold
        from .due_functions import lay_down
        from .grants import grant_runtime_rights
        from .ledger import seals  # noqa: F401  its kind of leaf has a name on the public pages
        from .models import Document, RegisterImport, SmartCode

        # Django's own sentence says that something is wrong, not what to do.
        Field.default_error_messages |= {"required": gettext_lazy("请填写这一项。")}
        orphans.named_by(Document, "stored_as", folder="documents")
        orphans.named_by(Document, "stored_as", folder="quarantine")
        orphans.named_by(RegisterImport, "stored_as")
        orphans.named_by(SmartCode, "stored_as")
        post_migrate.connect(grant_runtime_rights, sender=self, dispatch_uid="portal.grant_runtime_rights")
        post_migrate.connect(lay_down, sender=self, dispatch_uid="portal.lay_down")
        post_migrate.connect(searching.lay_down, sender=self, dispatch_uid="portal.searching")
