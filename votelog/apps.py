from django.apps import AppConfig


class VoteLogConfig(AppConfig):
    name = "votelog"
