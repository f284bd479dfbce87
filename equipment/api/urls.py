"""Addresses for programs, below `/api/v1/`; docs/api.md describes them."""

from django.urls import path

from . import environment as views_api
from . import equipment as views_api_equipment

app_name = "api"

urlpatterns = [
    path("environment/rooms", views_api.rooms, name="rooms"),
    path("environment/readings", views_api.readings, name="readings"),
    path("equipment/", views_api_equipment.equipment, name="equipment"),
    path("equipment/import", views_api_equipment.bring_in, name="equipment_import"),
    path("equipment/export", views_api_equipment.give_out, name="equipment_export"),
    path("equipment/<slug:ref>", views_api_equipment.one, name="equipment_one"),
]
