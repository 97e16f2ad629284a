"""Many visitors at once: a load generator that speaks Streamlit's own protocol, without a browser."""
