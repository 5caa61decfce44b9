from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from approvals.kinds import KINDS
        from incidents import kinds

        KINDS["incident.declare"] = kinds.DECLARE
        KINDS["blob.erase"] = kinds.ERASE
