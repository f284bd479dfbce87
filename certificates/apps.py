from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"
    verbose_name = "证书"

    def ready(self):
        from portal import clauses, orphans

        from . import checks, finders, gates, handlers, invariants, leaves, method_uses, panels, uses, verifying  # noqa: F401  register themselves
        from .models import Certificate

        orphans.named_by(Certificate, "pdf_stored_as", folder="certificates")
        clauses.gates_in(gates)
        handlers.connect()
        panels.register()
