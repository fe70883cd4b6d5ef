"""How are decisions shown to people?"""
