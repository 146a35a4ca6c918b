"""What gunicorn runs: `gunicorn web_portal.wsgi:app`. The settings come from the environment."""

from remedy.settings import Settings
from web_portal import create_app

app = create_app(Settings.from_env())
