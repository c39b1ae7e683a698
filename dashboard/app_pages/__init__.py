"""The pages of the dashboard, which Streamlit runs from top to bottom."""
