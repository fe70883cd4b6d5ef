"""What does it cost a month to have Flyball scale something on AWS, and what do others cost?

Month ── one simulated month: schedule, alarms, endpoints' events → the real Function
  │        └ real controller, engine and adapters; every call to AWS is counted
  ▼
Usage ── calls by operation, and what AWS charges by
  ▼
Bill  ── × a table of list prices (prices.json, or one's own)
"""
