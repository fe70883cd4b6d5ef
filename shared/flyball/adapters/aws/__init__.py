"""How does Amazon Web Services speak through the ports?"""
