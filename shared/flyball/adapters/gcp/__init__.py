"""How does Google Cloud speak through the ports?"""
