from django.urls import path

from . import views

app_name = "orders"

urlpatterns = [
    path("orders/", views.item_list, name="list"),
    path("orders/new/", views.item_new, name="new"),
    path("orders/<slug:ref>/", views.item_detail, name="item"),
    path("orders/<slug:ref>/receipt/", views.item_receipt, name="receipt"),
]
