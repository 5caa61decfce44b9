from django.urls import path

from processes import views

app_name = "processes"
urlpatterns = [
    path("", views.process_list, name="process-list"),
    path("<slug:slug>/", views.process_detail, name="process-detail"),
]
