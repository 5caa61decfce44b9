from django.apps import AppConfig


class VotingConfig(AppConfig):
    name = "voting"

    def ready(self) -> None:
        from votelog.signals import entries_published
        from voting.change_kinds import register
        from voting.receivers import refresh_boards

        register()
        entries_published.connect(refresh_boards, dispatch_uid="voting.refresh_boards")
