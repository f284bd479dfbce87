"""The public ledger. docs/ledger.md describes what each address answers, byte by byte."""

from django.urls import path

from . import views

app_name = "ledger"

urlpatterns = [
    path("", views.home, name="home"),
    path("checkpoint", views.checkpoint, name="checkpoint"),
    path("checkpoint/<int:size>", views.checkpoint_at, name="checkpoint_at"),
    path("entry/<int:index>", views.entry, name="entry"),
    path("entry/<int:index>.json", views.entry_json, name="entry_json"),
    path("proof/<int:index>", views.proof, name="proof"),
    path("consistency", views.consistency, name="consistency"),
    path("key", views.key, name="key"),
    path("verifier.html", views.verifier, name="verifier"),
]
