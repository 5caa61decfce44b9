from django.urls import path

from moderation import views

app_name = "moderation"
urlpatterns = [path("", views.act_list, name="act-list")]
