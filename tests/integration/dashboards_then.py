"""The dashboards at the time of the tests' scene: what `streamlit run` is given where a real browser looks at them."""

from streamlit_app import app, data
from tests.integration.dashboard_scene import NOW

data.now = lambda: NOW
app.main()
