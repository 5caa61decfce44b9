from django.urls import path

from incidents import views

app_name = "incidents"
urlpatterns = [
    path("", views.incident_list, name="incident-list"),
    path("new/", views.incident_declare, name="incident-declare"),
    path("erase/", views.text_erase, name="text-erase"),
]
