from django.urls import path

from eligibility import views

app_name = "eligibility"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("redeem/", views.redeem, name="redeem"),
]
