"""Settings of the test suite: those of development, with cheap passwords and nothing left behind."""

import os
import tempfile

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="deliberate-test-"))
os.environ.setdefault("LOG_HOST", "vote.example.org")

from deliberate.settings import *  # noqa: F403

DEBUG = False
EMBEDDED_SEQUENCER = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Redis is one for all test processes, and clearing it in one would clear it for the others.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
