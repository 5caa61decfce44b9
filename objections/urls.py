from django.urls import path

from objections import views

app_name = "objections"
urlpatterns = [
    path("polls/<slug:poll_id>/objections/", views.objection_list, name="objection-list"),
    path("polls/<slug:poll_id>/objections/new/", views.objection_file, name="objection-file"),
    path("objections/", views.objection_open, name="objection-open"),
    path("objections/confirm/<slug:handle>/", views.objection_confirm, name="objection-confirm"),
    path("objections/<slug:public_id>/", views.objection_detail, name="objection-detail"),
    path("objections/<slug:public_id>/answer/", views.objection_answer, name="objection-answer"),
    path("objections/<slug:public_id>/moderate/", views.objection_moderate, name="objection-moderate"),
]
