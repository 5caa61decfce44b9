"""Mounted at /log/, outside the language prefixes: programs read this."""

from django.urls import path, re_path

from votelog import views, watch
from votelog.shards import NAME

app_name = "votelog"

urlpatterns = [
    path("", views.index, name="index"),
    path("policy.txt", watch.policy_file, name="policy"),
    re_path(rf"^(?P<shard>{NAME})/checkpoint$", views.checkpoint, name="checkpoint"),
    re_path(rf"^(?P<shard>{NAME})/checkpoint/latest$", views.latest_checkpoint, name="checkpoint-latest"),
    re_path(rf"^(?P<shard>{NAME})/(?P<path>tile/.+)$", views.tile, name="tile"),
    re_path(rf"^{NAME}/blob/(?P<sha256>[0-9a-f]{{64}})$", views.blob, name="blob"),
    re_path(r"", views.nothing, name="nothing"),
]
