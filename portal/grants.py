"""What the database roles may do.

The runtime role reads and writes rows, owns nothing, and erases nothing that must stay. The backup role reads.
"""

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction

from .tenancy import TenantModel


def grant_runtime_rights(sender, *, using, **kwargs):
    """After every migration runtime and backup role have exactly these rights; the owner role migrates and grants."""
    connection = connections[using]
    runtime = settings.DATABASES["default"]["USER"]
    if runtime == connection.settings_dict["USER"]:
        return  # one role for everything: development without a second role; production refuses it at start
    role = connection.ops.quote_name(runtime)
    tables = set(connection.introspection.table_names())
    with transaction.atomic(using=using), connection.cursor() as cursor:  # nobody sees the moment between the lines
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
        for model in apps.get_models():
            if model._meta.db_table not in tables:
                continue
            protection = getattr(model, "protection", None)
            if protection == "append_only":
                cursor.execute(f"REVOKE UPDATE, DELETE ON {model._meta.db_table} FROM {role}")
            elif protection == "no_delete" or issubclass(model, TenantModel):
                cursor.execute(f"REVOKE DELETE ON {model._meta.db_table} FROM {role}")
        if "backup" in settings.DATABASES:
            reader = connection.ops.quote_name(settings.DATABASES["backup"]["USER"])
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {reader}")
            for kind in ("TABLES", "SEQUENCES"):
                cursor.execute(f"GRANT SELECT ON ALL {kind} IN SCHEMA public TO {reader}")
                cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON {kind} TO {reader}")
