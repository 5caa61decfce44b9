"""allauth's own forms where we want more of them than settings can say. Named in ACCOUNT_FORMS and MFA_FORMS.

Not in `forms`: allauth imports `forms.SignupForm` while its own forms are still being made.
"""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _

from common.persian import ascii_digits

# What allauth says by itself and we leave as it is: named here so that our catalogue has it.
_SAID_BY_ALLAUTH = (
    _("You must type the same password each time."),
    _("Master key"),
    _("Backup key"),
    _("Key nr. {number}"),
)


def ask_for_email(form: forms.Form, name: str = "email", autocomplete: str = "email") -> None:
    """Label and widget of an e-mail field as they are everywhere here; how it is checked stays as it was."""
    field = form.fields[name]
    field.label = _("E-mail address")
    field.widget = forms.EmailInput(attrs={"autocomplete": autocomplete, "dir": "ltr"})
    field.widget.is_required = field.required


def ask_for_passwords(form: forms.Form, **labels: Any) -> None:
    """Our labels, and no placeholders: they vanish when one begins to type."""
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)
        if name in ("password", "oldpassword"):
            form.fields[name].help_text = ""


class LoginForm(account.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_email(self, "login", "username")

    def _setup_password_field(self) -> None:
        """allauth drops the field where nobody is asked for a password at sign-up; here one may be set afterwards."""
        ask_for_passwords(self, password=_("Password"))


class SignupForm(account.SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_email(self)


class LoginCodeRequestForm(account.RequestLoginCodeForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_email(self)


class PasswordResetForm(account.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_email(self)


class AddEmailForm(account.AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_email(self)


class PasswordSetForm(account.SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_passwords(self, password1=_("New password"), password2=_("New password, once more"))


class PasswordChangeForm(account.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {"password1": _("New password"), "password2": _("New password, once more")}
        ask_for_passwords(self, oldpassword=_("Password until now"), **labels)


class PasswordAfterResetForm(account.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_passwords(self, password1=_("New password"), password2=_("New password, once more"))


class ReauthenticateForm(account.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_for_passwords(self, password=_("Password"))


class ShortText(forms.CharField):
    """Text on one line, whose greatest length is far off: no attribute for it, and so no counter beside the field."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


class TypedCode(ShortText):
    """A code from an e-mail or a printed list. Persian digits are as good as Latin ones."""

    def __init__(self, *, label: Any) -> None:
        super().__init__(
            label=label,
            max_length=40,
            widget=forms.TextInput(
                attrs={
                    "class": "input--code",
                    "autocomplete": "one-time-code",
                    "inputmode": "numeric",
                    "dir": "ltr",
                    "spellcheck": "false",
                }
            ),
        )

    def to_python(self, value: str | None) -> str:
        return ascii_digits(super().to_python(value) or "").strip()


class LoginCodeForm(account.ConfirmLoginCodeForm):  # type: ignore[misc]
    code = TypedCode(label=_("Code"))


class EmailCodeForm(account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    code = TypedCode(label=_("Code"))


class PasswordResetCodeForm(account.ConfirmPasswordResetCodeForm):  # type: ignore[misc]
    code = TypedCode(label=_("Code"))


class RecoveryCodeForm(mfa.AuthenticateForm):  # type: ignore[misc]
    code = TypedCode(label=_("Recovery code"))


class ReauthenticateCodeForm(mfa.ReauthenticateForm):  # type: ignore[misc]
    code = TypedCode(label=_("Recovery code"))


class PasskeyName(ShortText):
    def __init__(self, *, required: bool) -> None:
        super().__init__(
            label=_("Name of this passkey"),
            required=required,
            max_length=60,
            help_text=_("So that you can tell it from others, for example “my phone”."),
            widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        )


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    name = PasskeyName(required=False)
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone"),
        required=False,
        initial=True,
        help_text=_("Off: it is asked for after your code or password, as a second step."),
    )


class SignupPasskeyForm(webauthn.SignupWebAuthnForm):  # type: ignore[misc]
    name = PasskeyName(required=False)


class EditPasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = PasskeyName(required=True)
