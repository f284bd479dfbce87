"""Addresses of labels, codes and stock checks; part of equipment/urls.py."""

from django.urls import path

from ..codes import views as views_codes
from ..stock import views as views_stock
from . import views as views_labels

urlpatterns = [
    path("labels/", views_labels.label_list, name="labels"),
    path("labels/new/", views_labels.label_new, name="label_new"),
    path("labels/sheet/", views_labels.label_sheet, name="label_sheet"),
    path("labels/sheet.pdf", views_labels.label_pdf, name="label_pdf"),
    path("labels/sheets/<slug:ref>/", views_labels.sheet_waiting, name="sheet_waiting"),
    path("labels/sheets/<slug:ref>/progress.json", views_labels.sheet_progress, name="sheet_progress"),
    path("labels/<slug:ref>/", views_labels.label_detail, name="label"),
    path("labels/<slug:ref>/void/", views_labels.label_void, name="label_void"),
    path("codes/", views_codes.code_list, name="codes"),
    path("codes/blank/", views_codes.code_blank, name="code_blank"),
    path("codes/sheet/", views_codes.code_sheet, name="code_sheet"),
    path("codes/sheet.pdf", views_codes.code_pdf, name="code_pdf"),
    path("codes/claim/", views_codes.code_claim, name="code_claim"),
    path("codes/<slug:ref>/", views_codes.code_detail, name="code"),
    path("codes/<slug:ref>/relink/", views_codes.code_relink, name="code_relink"),
    path("codes/<slug:ref>/retire/", views_codes.code_retire, name="code_retire"),
    path("stock/", views_stock.stock_list, name="stock"),
    path("stock/new/", views_stock.stock_new, name="stock_new"),
    path("stock/<slug:ref>/", views_stock.stock_check, name="stock_check"),
    path("stock/<slug:ref>/count/", views_stock.stock_count, name="stock_count"),
    path("stock/<slug:ref>/lines/<slug:line>/", views_stock.stock_uncount, name="stock_uncount"),
    path("stock/<slug:ref>/close/", views_stock.stock_close, name="stock_close"),
    path("stock/<slug:ref>/report.pdf", views_stock.stock_report, name="stock_report"),
    path("stock/<slug:ref>/export/", views_stock.stock_export, name="stock_export"),
]
