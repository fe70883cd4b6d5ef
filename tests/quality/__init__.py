"""How good are the policies: what do they cost, and how many requests do they let wait?"""
