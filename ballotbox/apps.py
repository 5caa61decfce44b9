from django.apps import AppConfig


class BallotBoxConfig(AppConfig):
    name = "ballotbox"
