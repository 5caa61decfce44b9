"""Every address. Pages for people are under /en/ and /fa/; the log and machine formats have one address for all."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from deliberate import views
from votelog import watch

handler400 = "common.views.bad_request"
handler403 = "common.views.permission_denied"
handler404 = "common.views.not_found"

urlpatterns = [
    path("log/", include("votelog.urls")),
    path("verifier/", include("deliberate.webverifier")),
    *i18n_patterns(
        path("", views.home, name="home"),
        path("about/", views.about, name="about"),
        path("about/log/", views.log_about, name="log-about"),
        path("about/log/watch/", watch.page, name="log-watch"),
        path("about/secrecy/", views.secrecy, name="secrecy"),
        path("verify/", views.verify, name="verify"),
        path("verify/votelog_verify.py", views.verifier_download, name="verifier-download"),
        path("account/", include("allauth.urls")),
        path("profile/", include("accounts.urls")),
        path("approvals/", include("approvals.urls")),
        path("eligibility/", include("eligibility.urls")),
        path("processes/", include("processes.urls")),
        path("", include("voting.urls")),
        path("", include("proposals.urls")),
        path("", include("objections.urls")),
        path("incidents/", include("incidents.urls")),
        path("moderation/", include("moderation.urls")),
        *([path("demo/", include("deliberate.demo.urls"))] if settings.DEMO else []),
    ),
]
