"""The app: five pages, and nothing else. ``leadgain dashboard`` starts it."""

import streamlit as st

st.navigation(
    [
        st.Page("app_pages/worklist.py", title="Worklist", default=True),
        st.Page("app_pages/gains.py", title="Gains"),
        st.Page("app_pages/tiers.py", title="Tiers"),
        st.Page("app_pages/model.py", title="Model"),
        st.Page("app_pages/data.py", title="Data"),
    ],
    position="top",
).run()
