"""HTTP and WebSocket, in one process where nothing else is configured."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402

django_application = get_asgi_application()

from deliberate import background  # noqa: E402
from realtime.consumers import LiveConsumer  # noqa: E402

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
    background.start()
