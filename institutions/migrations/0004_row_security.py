from django.db import migrations

from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("institutions", "0003_row_security_functions"), ("portal", "0002_row_security")]

    operations = [
        TenantTable("Site"),
        TenantTable("Employment"),
        TenantTable("Authorisation"),
        TenantTable("Qualification"),
        TenantTable("ScopeItem"),
        TenantTable("MethodAdoption"),
        TenantTable("Customer"),
        TenantTable("Membership", also_readable="user_id = app_user()", optional=True),
        TenantTable("Invitation"),
    ]
