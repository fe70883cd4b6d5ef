"""How does one machine speak through the ports, without any cloud?"""
