"""The dashboard: what happens now, for whom it is, and how good it is, in one Streamlit app that only reads."""
