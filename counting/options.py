"""Checks that every rule's options share. Options are frozen at opening and published, so they are complete
and exact."""

import json
from collections.abc import Collection, Mapping
from typing import Any

RuleOptions = Mapping[str, Any]


class OptionsError(ValueError):
    """A rule cannot run with these options. `key` is the option at fault, `reason` says what it may be
    (English)."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def read_setting(text: str) -> tuple[str, Any]:
    """`option=value` as people type it on a command line: the value as JSON where it is JSON, else as text. Numbers with a
    point stay text: no floats. Raises ValueError where there is no option or no value.

    >>> read_setting("max_skipped=1"), read_setting("overvote=skip"), read_setting("threshold=0.5")
    (('max_skipped', 1), ('overvote', 'skip'), ('threshold', '0.5'))
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ValueError(f"--set needs OPTION=VALUE, not {text!r}")
    try:
        return key, json.loads(value, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return key, value


def require_keys(options: RuleOptions, defaults: RuleOptions) -> None:
    """Every option written out, none unknown."""
    for key in sorted(set(options) - set(defaults)):
        raise OptionsError(key, "this rule has no such option")
    for key in sorted(set(defaults) - set(options)):
        raise OptionsError(key, "is missing; every option is written out")


def require_choice(options: RuleOptions, key: str, choices: Collection[object]) -> None:
    """The option is one of `choices`, of the same type (so that 1 does not pass for true)."""
    if not any(type(options[key]) is type(choice) and options[key] == choice for choice in choices):
        raise OptionsError(key, f"must be one of {', '.join(map(repr, choices))}, not {options[key]!r}")


def require_whole_number(options: RuleOptions, key: str, *, at_least: int) -> None:
    """The option is a whole number from `at_least`."""
    if type(options[key]) is not int or options[key] < at_least:
        raise OptionsError(key, f"must be a whole number from {at_least}, not {options[key]!r}")
