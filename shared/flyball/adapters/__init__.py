"""How does each home (a cloud, or one machine) speak through the ports?"""
