from django.apps import AppConfig


class VoteLogConfig(AppConfig):
    name = "votelog"

    def ready(self) -> None:
        """Refuse to start with a WITNESS_POLICY that is none."""
        from votelog import witnesses

        witnesses.current_policy()
