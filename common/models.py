"""Column types that several apps use."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_localized(value: object) -> None:
    if not isinstance(value, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        raise ValidationError(_("A text by language is needed."), code="not_localized")


class LocalizedField(models.JSONField):
    """Text by language code, `{"en": "…", "fa": "…"}`, shown with the filter `loc`."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("default", dict)
        super().__init__(**options)
        self.validators.append(validate_localized)
