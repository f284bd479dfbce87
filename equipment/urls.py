from django.urls import path

from . import views

app_name = "equipment"

urlpatterns = [
    path("equipment/", views.equipment_list, name="list"),
    path("equipment/new/", views.equipment_new, name="new"),
    path("equipment/<slug:ref>/", views.equipment_detail, name="detail"),
    path("equipment/<slug:ref>/trace/", views.equipment_trace, name="trace"),
    path("equipment/<slug:ref>/quarantine/", views.equipment_quarantine, name="quarantine"),
    path("equipment/<slug:ref>/return/", views.equipment_return_to_use, name="return_to_use"),
    path("equipment/<slug:ref>/store/", views.equipment_take_out_of_use, name="take_out_of_use"),
    path("standards/", views.standard_list, name="standards"),
    path("standards/<slug:ref>/", views.standard_detail, name="standard"),
]
