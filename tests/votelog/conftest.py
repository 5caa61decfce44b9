from tests.votelog.append_only import flush_may_empty_the_log

__all__ = ["flush_may_empty_the_log"]
