"""How many instances does a model need, and by which policies?

From a load test of one instance to a config: what one instance can carry, how much of that is
kept free, how many requests are expected, and what a backtest says of it.
"""
