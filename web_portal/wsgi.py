"""What gunicorn runs: `gunicorn web_portal.wsgi:app`. The settings come from the environment."""

import gc

from remedy.settings import Settings
from web_portal import create_app, metrics, postman, reminding
from web_portal.absence import settling
from web_portal.orders import cashier

app = create_app(Settings.from_env())
# Here and not in the factory: a test's or a tool's application writes to nobody by itself.
postman.of(app).start()
reminding.of(app).start()
cashier.of(app).start()
settling.of(app).start()
metrics.of(app).start()

# The collector looks for circles after every 700 objects, and through all that a worker has built up once in a while:
# a tenth of what an answer costs. What is there at the start stays until the end and need not be looked through; an
# answer leaves hardly a circle behind, so looking after every 20,000 objects (a megabyte or two) is soon enough.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
