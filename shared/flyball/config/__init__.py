"""What did the author of flyball.yaml ask for, and is it valid?"""
