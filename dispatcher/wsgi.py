"""For a WSGI server: `gunicorn dispatcher.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatcher.settings")
application = get_wsgi_application()
