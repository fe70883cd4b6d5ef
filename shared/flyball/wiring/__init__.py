"""Which adapter stands behind which port, and where do its settings come from?"""
