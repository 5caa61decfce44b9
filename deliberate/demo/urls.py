from django.urls import path

from deliberate.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.accounts, name="accounts"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("reauthenticate/", views.reauthenticate, name="reauthenticate"),
    path("mail/", views.mail, name="mail"),
]
