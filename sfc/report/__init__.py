"""Reports: what runs and compilations yield, as text, data and pictures."""
