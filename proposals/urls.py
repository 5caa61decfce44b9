from django.urls import path

from proposals import views

app_name = "proposals"
urlpatterns = [
    path("proposals/", views.proposal_list, name="proposal-list"),
    path("proposals/<int:pk>/", views.proposal_detail, name="proposal-short"),
    path("proposals/<int:pk>-<str:slug>/", views.proposal_detail, name="proposal-detail"),
    path("proposals/<int:pk>/edit/", views.proposal_edit, name="proposal-edit"),
    path("proposals/<int:pk>/publish/", views.proposal_publish, name="proposal-publish"),
    path("proposals/<int:pk>/versions/", views.proposal_versions, name="proposal-versions"),
    path("proposals/<int:pk>/endorse/", views.proposal_endorse, name="proposal-endorse"),
    path("proposals/<int:pk>/endorse/withdraw/", views.endorsement_withdraw, name="endorsement-withdraw"),
    path("proposals/<int:pk>/comments/new/", views.comment_create, name="comment-create"),
    path("proposals/<int:pk>/comments/news/", views.comment_news, name="comment-news"),
    path("proposals/<int:pk>/moderate/", views.proposal_moderate, name="proposal-moderate"),
    path("comments/<int:pk>/", views.comment_short, name="comment"),
    path("comments/<int:pk>/moderate/", views.comment_moderate, name="comment-moderate"),
    path("processes/<slug:slug>/proposals/", views.proposal_list, name="process-proposals"),
    path("processes/<slug:slug>/proposals/new/", views.proposal_create, name="proposal-create"),
]
