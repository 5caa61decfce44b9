"""HTTP and WebSocket, in one process where nothing else is configured."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

django_application = get_asgi_application()

from deliberate import background  # noqa: E402
from realtime.consumers import LiveConsumer  # noqa: E402
from votelog.errors import VoteLogError  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OriginValidator(URLRouter([path("live/", LiveConsumer.as_asgi())]), settings.LIVE_ORIGINS),
    }
)

if settings.DEMO:
    from deliberate.demo import pulse

    background.BEATS.append(pulse.beat)

if settings.EMBEDDED_SEQUENCER:
    try:
        background.start()
    except VoteLogError as error:
        print(f"The server does not start: {error}", file=sys.stderr, flush=True)  # noqa: T201
        raise SystemExit(1) from None
