"""What does it cost a month to have Flyball scale something in a cloud, and what do others cost?

Month ── one simulated month: schedule, alarms, news of what is scaled → the real functions
  │        └ real controller, engine and adapters; every call to the cloud is counted
  ▼
Usage ── calls by operation, and what the cloud charges by
  ▼
Cloud ── × a table of list prices (prices.json, or one's own)

What both clouds share is here; what is one's alone is in aws and gcp.
"""
