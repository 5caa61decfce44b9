"""What people do to their own profile. Sign-up, sign-in, passwords and passkeys are allauth's."""

from accounts.models import User


def edit_profile(*, user: User, display_name: str, language: str) -> None:
    """Change how a person is named and addressed. Both values are as `ProfileForm` has cleaned them."""
    user.display_name = display_name
    user.language = language
    user.save(update_fields=["display_name", "language"])
