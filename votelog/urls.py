"""Mounted at /log/, outside the language prefixes: programs read this."""

from django.urls import path, re_path

from votelog import views

app_name = "votelog"

urlpatterns = [
    path("", views.index, name="index"),
    re_path(r"^(?P<shard>[0-9]{4})/checkpoint(?:/latest)?$", views.checkpoint, name="checkpoint"),
    re_path(r"^(?P<shard>[0-9]{4})/(?P<path>tile/.+)$", views.tile, name="tile"),
    re_path(r"^[0-9]{4}/blob/(?P<sha256>[0-9a-f]{64})$", views.blob, name="blob"),
]
