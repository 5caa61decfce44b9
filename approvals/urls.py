from django.urls import path

from approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.waiting, name="list"),
    path("<int:pk>/", views.detail, name="detail"),
]
