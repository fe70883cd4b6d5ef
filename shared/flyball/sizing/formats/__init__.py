"""What did somebody else's load test find out, whichever tool made it?"""
