"""What gunicorn runs: `gunicorn web_portal.wsgi:app`. The settings come from the environment."""

from remedy.settings import Settings
from web_portal import create_app, postman
from web_portal.orders import cashier

app = create_app(Settings.from_env())
# Here and not in the factory: a test's or a tool's application writes to nobody by itself.
postman.of(app).start()
cashier.of(app).start()
